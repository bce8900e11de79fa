"""One open document in this process: the sole owner of its LiveDoc.

A room is a cache of the log: it may be thrown away at any moment, and built again. Sessions put
their messages into its inbox, which is bounded; its one task handles what came in a turn of the
event loop as one batch. Whatever touches the document or the sessions runs synchronously on the
loop, so there is nothing to lock: rows that close a gap are read elsewhere, and applied here.
"""

import asyncio
import json
import logging
import time
import uuid
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from collab import metrics
from collab.audience import Audience
from collab.content import Content
from collab.services import Services
from collab.sessions import Session
from collab.wire.messages import (
    Awareness,
    AwarenessQuery,
    AwarenessState,
    CloseCode,
    Edit,
    Person,
    RoomMessage,
    Stateless,
    SyncRequest,
)
from collab.writing import Writing
from documents import bus
from documents.log import State
from documents.marks import Mark

logger = logging.getLogger(__name__)

# So many messages of one session wait for the room; beyond, its socket is not read.
_WAITING_OF_ONE = 64
# So many messages are handled in one turn of the event loop.
_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class _Overdue:
    """To the room itself: what is held of a session has waited long enough."""


class Room:
    """One open document. Lives from its loading until `close`."""

    def __init__(
        self, document_id: uuid.UUID, *, epoch: int, state: State, services: Services
    ) -> None:
        """Build from the log; BadUpdate if it holds what cannot be applied."""
        self.document_id = document_id
        self.epoch = epoch
        self.audience = Audience()
        self.closed = False
        self._services = services
        self._content = Content(
            document_id,
            state=state,
            audience=self.audience,
            services=services,
            give_up=self.close,
        )
        self._writing = Writing(
            self._content,
            audience=self.audience,
            services=services,
            remind=lambda session: self.put(session, _Overdue()),
        )
        self._inbox: list[tuple[Session, RoomMessage | _Overdue]] = []
        # Done once there is something in the inbox: an Event costs five times as much.
        self._arrival = asyncio.get_running_loop().create_future()
        # Who waits until all that was handed in is handled.
        self._settling: asyncio.Future[None] | None = None
        self._is_busy = False
        # How many messages of each session wait, and who waits for space, in their order.
        self._waiting: dict[Session, int] = {}
        self._turns: deque[asyncio.Future[None]] = deque()
        self._task = asyncio.create_task(self._run(), name=f"room {document_id}")
        metrics.ROOMS.inc()

    @property
    def head(self) -> int:
        """The last row of the log that is in the document, with all before it."""
        return self._content.head

    @property
    def mark(self) -> Mark:
        """How much of the log is in the document."""
        return self._content.mark

    def join(self, session: Session) -> None:
        """Let a session in, already welcomed."""
        session.start(self._content.resync, self.audience.full_presence)
        self.audience.join(session)

    def leave(self, session: Session) -> None:
        """The session's socket is gone."""
        self._writing.forget(session)
        self._share_awareness(session, self.audience.leave(session))

    async def submit(self, session: Session, message: RoomMessage) -> None:
        """Hand in a session's message; waits for its turn while there is no space."""
        if not self.has_space(session):
            turn = asyncio.get_running_loop().create_future()
            self._turns.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                # If it was let in already, then the next one is instead.
                self._arrive()
                raise
        self.put(session, message)

    def has_space(self, session: Session) -> bool:
        """Whether the inbox takes a message of this session now; that of a closed room takes any.

        None has many there at a time: whoever sends too fast is not read. Nor does anybody take the
        place of those who wait already.
        """
        return self.closed or (
            self._waiting.get(session, 0) < _WAITING_OF_ONE
            and len(self._inbox) + len(self._turns) < self._services.options.inbox_messages
        )

    def put(self, session: Session, message: "RoomMessage | _Overdue") -> None:
        """Hand in a message while there is space."""
        self._inbox.append((session, message))
        self._waiting[session] = self._waiting.get(session, 0) + 1
        self._arrive()

    def _arrive(self) -> None:
        if not self._arrival.done():
            self._arrival.set_result(None)

    def _make_space(self) -> None:
        """The inbox is empty: as many may put something in as it takes, one message each."""
        let_in = 0
        while self._turns and (self.closed or let_in < self._services.options.inbox_messages):
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(None)
                let_in += 1

    async def settle(self) -> None:
        """Wait until all that was handed in is applied, and in the journal's hands."""
        while (self._inbox or self._is_busy) and not self.closed:
            if self._settling is None:
                self._settling = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._settling)

    def _settle(self) -> None:
        if self._settling is not None:
            self._settling.set_result(None)
            self._settling = None

    def is_idle(self, *, for_seconds: float) -> bool:
        """Whether nobody was here for that long."""
        empty_since = self.audience.empty_since
        return empty_since is not None and time.monotonic() - empty_since >= for_seconds

    def let_go(self) -> None:
        """Forget what is quickly made again, if it was of no use for a while."""
        self._content.let_go()

    def close(self, code: CloseCode, reason: str) -> None:
        """Close every session and throw the room away; nothing acknowledged is lost by it."""
        if self.closed:
            return
        self.closed = True
        self._content.stop()
        self._writing.stop()
        self.audience.close(code, reason)
        self._make_space()
        self._settle()
        self._task.cancel()
        self._services.forget(self.document_id)
        metrics.ROOMS.dec()

    # What sessions say ------------------------------------------------------------------

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._arrival
            self._arrival = loop.create_future()
            batch, self._inbox = self._inbox, []
            self._is_busy = True
            self._waiting.clear()
            if self._turns:
                self._make_space()
            try:
                await self._handle(batch[:_AT_ONCE])
                for at in range(_AT_ONCE, len(batch), _AT_ONCE):
                    # Other rooms have people too.
                    await asyncio.sleep(0)
                    await self._handle(batch[at : at + _AT_ONCE])
            except Exception:
                logger.exception("Room %s fails, and is thrown away", self.document_id)
                self.close(CloseCode.TRY_AGAIN_LATER, "the document is being reopened")
            # It may be large, and the next one hours away.
            del batch
            self._is_busy = False
            if self._settling is not None and not self._inbox:
                self._settle()

    async def _handle(self, batch: Iterable[tuple[Session, RoomMessage | _Overdue]]) -> None:
        edits: dict[Session, list[Edit]] = {}
        cursors: dict[Session, list[AwarenessState]] = {}
        for session, message in batch:
            if session.closing is not None:
                # What somebody had on the way when their access ended does not count.
                continue
            if isinstance(message, Edit):
                # Also what they wrote before they left.
                edits.setdefault(session, []).append(message)
                continue
            if session not in self.audience:
                continue
            match message:
                case Awareness():
                    cursors.setdefault(session, []).extend(message.states)
                case AwarenessQuery():
                    self.audience.show_awareness(session)
                case Stateless():
                    self._share_stateless(session, message)
                case SyncRequest():
                    # The answer holds what arrived before the question.
                    await self._writing.write(edits)
                    edits = {}
                    self._synchronise(session, message)
                case _Overdue():
                    await self._writing.settle_held(session)
        await self._writing.write(edits)
        if cursors:
            self._hear_awareness(cursors)

    def _synchronise(self, session: Session, request: SyncRequest) -> None:
        if request.epoch is not None and request.epoch != self.epoch:
            session.close(CloseCode.OTHER_EPOCH, "the document was replaced by its operator")
        else:
            self._content.synchronise(session, request)

    def _hear_awareness(self, cursors: dict[Session, list[AwarenessState]]) -> None:
        news: list[AwarenessState] = []
        for session, states in cursors.items():
            heard = self.audience.hear_awareness(session, states)
            self._share_awareness(session, heard.news)
            news += heard.news
            if heard.raised:
                self._raise_clocks(apart_from=session.connection)
                self._services.publish({"type": "returned", **self._sender()})
        alone = next(iter(cursors)) if len(cursors) == 1 else None
        self.audience.tell_awareness(news, apart_from=alone)

    def _raise_clocks(self, *, apart_from: str) -> None:
        """For one who returned, in this process or another."""
        for owner, states in self.audience.raise_clocks(apart_from=apart_from):
            self._share_awareness(owner, states)

    def _share_awareness(self, session: Session, states: Sequence[AwarenessState]) -> None:
        if states:
            self._services.publish(
                {
                    "type": "awareness",
                    **self._sender(),
                    "connection": session.connection,
                    "username": session.person.username,
                    "name": session.person.name,
                    "states": [
                        (state.client, state.clock, json.dumps(state.state)) for state in states
                    ],
                }
            )

    def _share_stateless(self, session: Session, message: Stateless) -> None:
        self.audience.tell_stateless(message, apart_from=session)
        self._services.publish({"type": "stateless", **self._sender(), "payload": message.payload})

    def _sender(self) -> bus.Sender:
        return {"document": str(self.document_id), "origin": self._services.origin}

    # What other processes say -----------------------------------------------------------

    def hear_appended(self, *, last_seq: int, rows: Sequence[tuple[bytes, int | None]]) -> None:
        """Rows that end at `last_seq` are in the log; without `rows` they are to be read."""
        self._content.hear_appended(last_seq=last_seq, rows=rows)

    def hear_awareness(
        self, states: Sequence[AwarenessState], *, connection: str, person: Person, origin: str
    ) -> None:
        """Cursors in another process."""
        self.audience.hear_awareness_elsewhere(
            states, connection=connection, person=person, origin=origin
        )

    def hear_returned(self) -> None:
        """Somebody returned in another process."""
        self._raise_clocks(apart_from="")

    def follow(self, head: int) -> None:
        """The log is known to reach `head`."""
        self._content.follow(head)

    def compare(self, end: Mark, *, own: Mark) -> None:
        """The log's end, asked for when the room was at `own`."""
        if end.seq < own.seq or (end.seq == own.seq and end != own):
            # The database was restored from a backup: clients send again what they hold.
            self.close(CloseCode.RESTARTING, "the document is being reopened")
        else:
            self.follow(end.seq)
