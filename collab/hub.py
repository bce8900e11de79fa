"""Document id -> room, for one process: opens, feeds, checks and drains the rooms.

Opening subscribes first, loads second, and reconciles by seq: what is committed in between is
either in the load or heard of.
"""

import asyncio
import contextlib
import logging
import sys
import time
import uuid
import weakref
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from collab import records
from collab.allocator import give_back_large_buffers
from collab.database import DatabaseThreads
from collab.following import LoggedRow
from collab.guard import Guard
from collab.hints import Hints
from collab.journal import Journal
from collab.link_ends import LinkEnds
from collab.lists import LiveLists
from collab.options import Options, options
from collab.refusals import Refusals
from collab.room_hints import tell_room
from collab.rooms import Room
from collab.roster import Roster
from collab.sessions import Session
from collab.wire.messages import CloseCode
from documents import bus
from documents.log import State
from documents.models import Connection
from documents.packing import compact

logger = logging.getLogger(__name__)

T = TypeVar("T")

_READERS = 2
_CANCEL_AGAIN_SECONDS = 0.5
# The access of everybody in so many rooms is looked up at a time.
_ROOMS_A_LOOK = 50
# A database call lets go of the interpreter a dozen times, and waits so long at each to have it
# back from an event loop with a lot to do; Python's own 5 ms made commits take a tenth of a second.
_SWITCH_SECONDS = 0.0005


class Hub:
    """All of the live side that there is once a process. Implements the rooms' Services."""

    def __init__(self) -> None:
        self.options: Options = options()
        self.journal = Journal(self.options)
        self.process_id = uuid.uuid4()
        self.origin = self.process_id.hex
        self.draining = False
        # How often this process heard that somebody's access changed.
        self.access_changes = 0
        self.refusals = Refusals()
        self.guard = Guard(self, self.options)
        self._readers = DatabaseThreads(name="reader", count=_READERS)
        self.roster = Roster(
            gather_seconds=self.options.journal_gather_seconds,
            run=self.read,
            changed=self._tell_roster,
        )
        # One of their own: building a large document takes seconds, and nobody may wait for it.
        self._snapshotters = DatabaseThreads(name="snapshot", count=1)
        self._hints = Hints(origin=self.origin, hear=self._hear)
        self.is_shared = self._hints.shared
        self.lists = LiveLists(self, self._hints)
        self.link_ends = LinkEnds(self._look_again)
        self._rooms: dict[uuid.UUID, Room] = {}
        self._opening: dict[uuid.UUID, asyncio.Future[Room]] = {}
        # Heads heard of while their rooms were being loaded.
        self._heard_heads: dict[uuid.UUID, int] = {}
        # Documents whose roster is to be read after the one that is being read.
        self._rosters_wanted: set[uuid.UUID] = set()
        self._reading_roster = asyncio.Lock()
        # Held from a look at roles to their use: what was read last is what holds in the end.
        self._rechecking = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to listen, to write and to check."""
        give_back_large_buffers()
        sys.setswitchinterval(min(_SWITCH_SECONDS, sys.getswitchinterval()))
        await self._hints.start()
        await self.read(lambda: records.renew_lease(self.process_id, self.options.lease_seconds))
        self.journal.start()
        self.roster.start()
        self.spawn(self._hints.listen(), name="hints")
        self.spawn(self._hints.keep_subscribed(), name="subscriptions")
        self.spawn(self._hints.publish_queued(), name="publisher")
        self.spawn(self._hints.subscribe(bus.PEOPLE), name="people")
        self.spawn(self._every(self.options.poll_seconds, self._poll), name="poll")
        self.spawn(self._every(self.options.lease_seconds / 3, self._renew), name="lease")
        self.spawn(self._every(self.options.quiet_seconds / 10, self._break_silence), name="quiet")
        self.spawn(self._every(self.options.poll_seconds, self.lists.poll), name="lists")
        self.spawn(
            self._every(self.options.access_recheck_seconds, self._recheck_everybody),
            name="access",
        )

    async def drain(self) -> None:
        """Commit all that rooms have taken, close them with 1012, and stop."""
        self.draining = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.options.append_retry_seconds):
                await asyncio.gather(*(room.settle() for room in self._rooms.values()))
                await self.journal.settle()
        for room in list(self._rooms.values()):
            room.close(CloseCode.RESTARTING, "the server restarts")
        self.guard.close(CloseCode.RESTARTING, "the server restarts")
        # More than once: redis-py swallows a cancellation that meets it in the middle of a command.
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=_CANCEL_AGAIN_SECONDS)
        await self.journal.stop()
        await self.roster.stop()
        with contextlib.suppress(Exception):
            await self.read(lambda: records.end_lease(self.process_id))
        await self._readers.close()
        await self._snapshotters.close()

    async def read(self, work: Callable[[], T]) -> T:
        """Run a database call in one of the readers' threads."""
        return await self._readers.run(work)

    # Rooms and sessions -----------------------------------------------------------------

    async def enter(self, document_id: uuid.UUID) -> Room:
        """The document's room, opened if need be; once, however many ask at a time.

        Raises DocumentError if it cannot be loaded: it never opens blank.
        """
        room = self._rooms.get(document_id)
        if room is not None:
            return room
        opening = self._opening.get(document_id)
        if opening is None:
            opening = asyncio.ensure_future(self._open(document_id))
            self._opening[document_id] = opening
            opening.add_done_callback(lambda _: self._opening.pop(document_id))
        return await asyncio.shield(opening)

    async def _open(self, document_id: uuid.UUID) -> Room:
        group = bus.group_of(document_id)
        try:
            await self._hints.subscribe(group)
            # What an earlier room handed in is committed or given up first: if it failed later, the
            # journal would tell that room alone, and drop what this one added behind it.
            await self.journal.flush(document_id)
            epoch, state = await self.read(lambda: records.load(document_id))
            room = Room(document_id, epoch=epoch, state=state, services=self)
        except BaseException:
            self._heard_heads.pop(document_id, None)
            self._hints.unsubscribe(group)
            raise
        self._rooms[document_id] = room
        room.follow(self._heard_heads.pop(document_id, room.mark.seq))
        if self.is_shared:
            self.spawn(self._read_rosters([document_id]), name="roster")
        return room

    def is_open(self, document_id: uuid.UUID) -> bool:
        """Whether the document's room is open, and so hears what others say of it."""
        return document_id in self._rooms

    def joined(self, room: Room, session: Session) -> None:
        """A session is in the room: write it into the roster."""
        self.roster.connected(self._record(room, session))

    def left(self, room: Room, session: Session) -> None:
        """A session's socket is gone."""
        self.roster.disconnected(session.id, room.document_id)

    def _record(self, room: Room, session: Session) -> Connection:
        return Connection(
            id=session.id,
            document_id=room.document_id,
            user_id=session.user_id,
            role=session.role,
            process_id=self.process_id,
            since=session.since,
        )

    # Services of rooms ------------------------------------------------------------------

    async def load_state(self, document_id: uuid.UUID) -> State:
        """The newest snapshot and the rows after it."""
        return await self.read(lambda: records.load_room_state(document_id))

    async def read_since(self, document_id: uuid.UUID, seq: int) -> list[LoggedRow]:
        """The log's rows after `seq`."""
        return await self.read(lambda: records.rows_since(document_id, seq))

    def publish(self, hint: bus.Hint) -> None:
        """Tell the other processes, if there are any; may be lost."""
        self._hints.publish(hint)

    def announce(self, hint: bus.Hint) -> None:
        """Tell this process and the others."""
        self._hear(hint)
        hint["origin"] = self.origin
        self.publish(hint)

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Run a task that ends with the hub."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("%s failed", task.get_name(), exc_info=error)

    def forget(self, document_id: uuid.UUID) -> None:
        """The document's room is closed; the next who asks opens a new one."""
        self.link_ends.forget(document_id)
        if self._rooms.pop(document_id, None) is not None:
            self._hints.unsubscribe(bus.group_of(document_id))

    def grown(self, document_id: uuid.UUID) -> None:
        """So much was logged that a snapshot may be worth it."""
        self._snapshot(document_id, at_rest=False)

    def _snapshot(self, document_id: uuid.UUID, *, at_rest: bool) -> None:
        async def work() -> None:
            await self._snapshotters.run(lambda: compact(document_id=document_id, at_rest=at_rest))

        self.spawn(work(), name=f"snapshot of {document_id}")

    # Other processes --------------------------------------------------------------------

    def _hear(self, hint: bus.Hint) -> None:
        if hint["type"] == "credentials":
            self.access_changes += 1
            self.guard.hear(hint)
            return
        if hint["type"] == "user_list":
            self.lists.hear(topic=hint["topic"], document_id=None, user_id=hint["user"])
            return
        document_id = uuid.UUID(hint["document"])
        if hint["type"] == "list":
            self.lists.hear(topic=hint["topic"], document_id=document_id, user_id=None)
            return
        if hint["type"] == "access":
            self._look_again(document_id)
            return
        room = self._rooms.get(document_id)
        if room is None:
            if hint["type"] == "appended" and document_id in self._opening:
                heard = self._heard_heads.get(document_id, 0)
                self._heard_heads[document_id] = max(heard, hint["last_seq"])
            return
        if hint["type"] != "presence":
            tell_room(room, hint)
        elif document_id not in self._rosters_wanted:
            self._rosters_wanted.add(document_id)
            self.spawn(self._read_wanted_roster(document_id), name="roster")

    def _look_again(self, document_id: uuid.UUID) -> None:
        """Who may what in the document has changed."""
        self.access_changes += 1
        self.lists.recheck(document_id)
        if (room := self._rooms.get(document_id)) is not None:
            self.spawn(self._recheck(room), name=f"access to {document_id}")

    def _tell_roster(self, document_ids: set[uuid.UUID]) -> None:
        for document_id in document_ids:
            self.publish({"type": "presence", "document": str(document_id), "origin": self.origin})

    async def _read_wanted_roster(self, document_id: uuid.UUID) -> None:
        """However many hints there were until it is this one's turn."""
        async with self._reading_roster:
            self._rosters_wanted.discard(document_id)
            await self._read_rosters([document_id])

    async def _read_rosters(self, document_ids: list[uuid.UUID]) -> None:
        rosters = await self.read(lambda: records.rosters(document_ids, apart_from=self.process_id))
        for document_id in document_ids:
            if (room := self._rooms.get(document_id)) is not None:
                room.audience.set_elsewhere(rosters[document_id])

    # What is checked now and then -------------------------------------------------------

    async def _every(self, seconds: float, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await work()
            except Exception:
                # The database is away: rooms serve what they have, and the next round looks again.
                logger.warning("A check could not run, and is tried again", exc_info=True)

    async def _poll(self) -> None:
        """Compare heads: a lost last hint, a restored backup, a document in the trash."""
        self._close_idle()
        rooms = dict(self._rooms)
        if not rooms:
            return
        own_marks = {id_: room.mark for id_, room in rooms.items()}
        heads = await self.read(lambda: records.heads(list(rooms)))
        for document_id, room in rooms.items():
            found = heads.get(document_id)
            if found is None:
                room.close(CloseCode.MISSING, "the document was deleted")
            elif found.epoch != room.epoch:
                room.close(CloseCode.OTHER_EPOCH, "the document was replaced by its operator")
            else:
                room.compare(found.mark, own=own_marks[document_id])
            room.audience.expire_awareness()
            room.let_go()
        if self.is_shared:
            await self._read_rosters(list(rooms))

    def _close_idle(self) -> None:
        for room in list(self._rooms.values()):
            if room.is_idle(for_seconds=self.options.idle_seconds):
                room.close(CloseCode.RESTARTING, "nobody is here")
                # Whoever comes next finds the document as small as it is.
                self._snapshot(room.document_id, at_rest=True)

    async def _renew(self) -> None:
        renewed = await self.read(
            lambda: records.renew_lease(self.process_id, self.options.lease_seconds)
        )
        if not renewed:
            # The lease had run out, and others struck us off: write the roster again.
            for room in self._rooms.values():
                for session in room.audience.sessions.values():
                    self.roster.connected(self._record(room, session))

    async def _break_silence(self) -> None:
        quiet_since = time.monotonic() - self.options.quiet_seconds
        for room in self._rooms.values():
            room.audience.keep_alive(quiet_since=quiet_since)

    async def _recheck_everybody(self) -> None:
        await self.guard.recheck()
        self.lists.recheck()
        rooms = list(self._rooms.values())
        for at in range(0, len(rooms), _ROOMS_A_LOOK):
            await self._recheck(*rooms[at : at + _ROOMS_A_LOOK])

    async def _recheck(self, *rooms: Room) -> None:
        async with self._rechecking:
            # Who comes in meanwhile was looked up later than these.
            here = {
                room: sessions
                for room in rooms
                if (sessions := list(room.audience.sessions.values()))
            }
            if not here:
                return
            wanted = {
                room.document_id: {session.user_id for session in sessions}
                for room, sessions in here.items()
            }
            found = await self.read(lambda: records.read_access(wanted))
            for room, sessions in here.items():
                access = found.get(room.document_id)
                if access is None:
                    room.close(CloseCode.MISSING, "the document was deleted")
                    continue
                if not room.closed:
                    self.link_ends.expect(room.document_id, access.link_until)
                for session in room.audience.change_access(access.roles, among=sessions):
                    self.roster.connected(self._record(room, session))


_hubs: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Future[Hub]]" = (
    weakref.WeakKeyDictionary()
)


async def current_hub() -> Hub:
    """The running loop's hub, started at first use: not every server has a lifespan."""
    loop = asyncio.get_running_loop()
    starting = _hubs.get(loop)
    if starting is None or (starting.done() and starting.exception() is not None):
        starting = _hubs[loop] = asyncio.ensure_future(_start())
    return await asyncio.shield(starting)


async def _start() -> Hub:
    hub = Hub()
    await hub.start()
    return hub


async def drain_hub() -> None:
    """Drain the running loop's hub, if one was started."""
    starting = _hubs.pop(asyncio.get_running_loop(), None)
    if starting is not None:
        await (await starting).drain()
