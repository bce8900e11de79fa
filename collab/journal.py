"""Group commit: the appends of all rooms, in one transaction at a time.

A document's appends are committed in their order. A batch that fails is tried again document
by document; one that cannot be written, or whose row somebody else has locked, is from then on
tried apart from the others, at times of its own. So it delays, and in the end closes, only itself.
Trying again is always safe: a row that was committed after all stands in the log twice, and
means the same twice.
"""

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple, Protocol

from collab import metrics
from collab.database import DatabaseThreads
from collab.live_doc import merge
from collab.options import Options
from collab.rivals import JournalCheck, Known
from collab.sessions import Session
from documents.errors import BadUpdate
from documents.log import NewUpdate, append_many
from documents.marks import Mark
from documents.models import Document
from documents.turns import turn_to_write

logger = logging.getLogger(__name__)

# Counted by the transaction, not by the document: for a keystroke a counter is dear.
_COMMITTED = metrics.JOURNAL_BATCHES.labels("committed")
_ACCEPTED = metrics.UPDATES.labels("accepted")
_MIN_NAP_SECONDS = 0.001
_FIRST_PAUSE_SECONDS = 0.05
_MAX_PAUSE_SECONDS = 1.0
# How long SQLite waits for others' locks: short, so that the bound for trying again holds.
_BUSY_SECONDS = 2.0
# A database that fails slowly, document by document, is left alone for a pause after this.
_ROUND_SECONDS = 1.0
# What is being typed in is told from what was a while ago; not to the keystroke.
_TOUCH_AFTER = timedelta(seconds=1)
# A row is made of at most so many updates: merging costs the square of their number.
_MAX_MERGED = 64
_MAX_MERGED_BYTES = 64 * 1024


class AckTarget(NamedTuple):
    """Whom to tell, and about which of its updates."""

    session: Session
    from_cseq: int
    cseq: int


class Reach(NamedTuple):
    """What an append begins with and builds on, by client id: whether others may overtake it."""

    # Client id -> the clock of its first struct in it.
    starts: Mapping[int, int]
    # Client id -> the clock behind the last of its structs that this one needs.
    leans_on: Mapping[int, int]

    @classmethod
    def of_all(cls, reaches: "Sequence[Reach]") -> "Reach":
        """That of several, one behind the other."""
        starts: dict[int, int] = {}
        leans_on: dict[int, int] = {}
        for reach in reaches:
            for client, start in reach.starts.items():
                starts.setdefault(client, start)
            for client, clock in reach.leans_on.items():
                if clock > leans_on.get(client, 0):
                    leans_on[client] = clock
        return cls(starts, leans_on)


@dataclass(eq=False, slots=True)
class Append:
    """One row to write, and who waits for it."""

    # Who wrote it.
    session: Session
    # None: nothing to write; the commit of everything before it is what is waited for.
    payload: bytes | None
    author_id: int | None
    client: int | None
    acks: Sequence[AckTarget]
    # None: it may build on anything.
    reach: Reach | None = None
    # How many of its session's edits it holds.
    edits: int = 1
    # Somebody waits for its commit: who wrote it, or the other processes.
    is_awaited: bool = True
    # On the monotonic clock.
    submitted_at: float = field(default_factory=time.monotonic)


class Journaled(Protocol):
    """What the journal asks and tells a room."""

    document_id: uuid.UUID

    @property
    def mark(self) -> Mark:
        """How much of the log is in the room."""

    def committed(self, appends: Sequence[Append], *, rows: int, last_seq: int) -> None:
        """These are on disk; their `rows` rows end at `last_seq`."""

    def append_failed(self) -> None:
        """The bound for trying again is over; nothing of what waited is written."""

    def document_gone(self) -> None:
        """There is no such document any more."""

    def log_set_back(self) -> None:
        """The log is not the room's any more: an older backup is there. Nothing was written."""

    def contested(self, refused: Sequence[Append]) -> None:
        """The log says something else under these ones' client ids. Nothing was written."""


@dataclass(eq=False, slots=True)
class _Queue:
    """One document's appends that are not committed yet."""

    room: Journaled
    appends: list[Append] = field(default_factory=list)
    # Rows of others that came into the room since the first of these was applied.
    heard: list[bytes] = field(default_factory=list)
    failing_since: float | None = None
    # When it is tried again, if it is failing, and how long it has waited for that.
    retry_at: float = 0.0
    pause: float = 0.0

    def take(self) -> "_Taken":
        """All that waits, for one transaction; it stays here until that is known to have worked."""
        appends = _merge(self.appends)
        rows = [
            NewUpdate(append.payload, append.author_id, append.client)
            for append in appends
            if append.payload is not None
        ]
        known = Known(self.room.mark, tuple(self.heard))
        return _Taken(self, len(self.appends), appends, rows, known)

    def fail(self) -> None:
        """It could not be written: leave it alone for longer than the last time."""
        now = time.monotonic()
        self.failing_since = self.failing_since or now
        self.pause = min(_MAX_PAUSE_SECONDS, 2 * self.pause or _FIRST_PAUSE_SECONDS)
        self.retry_at = now + self.pause

    def succeed(self) -> None:
        """It was written."""
        self.failing_since = None
        self.retry_at = self.pause = 0.0


class _Taken(NamedTuple):
    """What a transaction takes from a queue."""

    queue: _Queue
    # How many of its appends.
    size: int
    # The same ones, merged to a row for each that has something to write.
    appends: Sequence[Append]
    rows: Sequence[NewUpdate]
    # What the room has seen of its log.
    known: Known


@dataclass(frozen=True, slots=True)
class _Written:
    """What came of a batch: documents in neither are gone."""

    # Document id -> the seq of its last row.
    heads: dict[uuid.UUID, int]
    # Somebody else holds the document's row; nothing of it was written.
    locked: set[uuid.UUID]
    # The log is not the one that its room holds; nothing of it was written.
    set_back: set[uuid.UUID]
    # Which of the document's rows the log contradicts; nothing of it was written.
    contested: dict[uuid.UUID, list[int]]


class Journal:
    """One process's journal; its task is started and drained by the hub."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._threads = DatabaseThreads(name="journal", count=1, busy_seconds=_BUSY_SECONDS)
        self._queues: dict[uuid.UUID, _Queue] = {}
        self._wake = asyncio.Event()
        # When what waits is written, at the latest.
        self._gather_at = 0.0
        self._idle = asyncio.Event()
        self._idle.set()
        self._settled = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="journal")

    def append(self, room: Journaled, append: Append) -> None:
        """Take an append; the room hears of its commit."""
        queue = self._queues.get(room.document_id)
        if queue is None:
            if append.payload is None:
                # Everything before it is committed already.
                _ACCEPTED.inc(append.edits)
                room.committed([append], rows=0, last_seq=0)
                return
            queue = self._queues[room.document_id] = _Queue(room)
        queue.appends.append(append)
        self._stir(append)

    def hear(self, document_id: uuid.UUID, payloads: Iterable[bytes]) -> None:
        """Rows of others came into the room: what waits there was applied before them."""
        if (queue := self._queues.get(document_id)) is not None:
            queue.heard.extend(payloads)

    async def flush(self, document_id: uuid.UUID) -> None:
        """Wait until nothing of that document is uncommitted, or it has been given up."""
        async with self._settled:
            await self._settled.wait_for(lambda: document_id not in self._queues)

    async def settle(self) -> None:
        """Wait until all that waits is committed."""
        await self._idle.wait()

    async def stop(self) -> None:
        """End the task and its thread; what is not committed is not."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._threads.close()

    def _stir(self, append: Append) -> None:
        options = self._options
        gather_at = append.submitted_at + (
            options.journal_gather_seconds
            if append.is_awaited
            else options.journal_unawaited_seconds
        )
        if not self._wake.is_set():
            self._idle.clear()
            self._gather_at = gather_at
            self._wake.set()
        elif gather_at < self._gather_at:
            self._gather_at = gather_at

    async def _run(self) -> None:
        while True:
            await self._wait_for_work()
            await self._gather()
            self._wake.clear()
            await self._commit_all()
            await self._retry_failing()
            self._give_up_on_late_ones()
            async with self._settled:
                self._settled.notify_all()
            if not self._queues:
                # What came during the commit may have been given up with the rest.
                self._wake.clear()
                self._idle.set()

    async def _gather(self) -> None:
        # One that is awaited may come meanwhile: asleep for no longer than it would wait.
        nap = max(self._options.journal_gather_seconds, _MIN_NAP_SECONDS)
        while (pause := self._gather_at - time.monotonic()) > 0:  # noqa: ASYNC110 (time is waited for)
            await asyncio.sleep(min(pause, nap))

    async def _wait_for_work(self) -> None:
        if any(queue.failing_since is None for queue in self._queues.values()):
            return
        retries = [queue.retry_at for queue in self._queues.values()]
        pause = max(0.0, min(retries) - time.monotonic()) if retries else None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._wake.wait()

    async def _commit_all(self) -> None:
        """Write what waits for documents that do not fail, in one transaction if that works."""
        batch = [queue for queue in self._queues.values() if queue.failing_since is None]
        if batch and not await self._commit(batch):
            await self._commit_each(batch)

    async def _retry_failing(self) -> None:
        now = time.monotonic()
        await self._commit_each(
            [
                queue
                for queue in self._queues.values()
                if queue.failing_since is not None and queue.retry_at <= now
            ]
        )

    async def _commit_each(self, batch: Sequence[_Queue]) -> None:
        """One transaction a document, for as many as there is patience for."""
        patience = time.monotonic() + _ROUND_SECONDS
        impatient = False
        for queue in batch:
            if impatient:
                # It would most likely fail as slowly as the ones before it.
                queue.fail()
            elif not await self._commit([queue]):
                queue.fail()
                impatient = time.monotonic() > patience

    async def _commit(self, batch: Sequence[_Queue]) -> bool:
        """Write what waits for these documents; whether that worked."""
        taken = [queue.take() for queue in batch]
        work = {each.queue.room.document_id: (each.rows, each.known) for each in taken}
        started = time.perf_counter()
        try:
            written = await self._threads.run(lambda: _write(work))
        except Exception as error:
            # Whatever it is: a journal that ended would leave everybody waiting for ever.
            logger.warning("The journal could not commit, and tries again", exc_info=error)
            metrics.JOURNAL_BATCHES.labels("failed").inc()
            return False
        _COMMITTED.inc()
        metrics.JOURNAL_SECONDS.observe(time.perf_counter() - started)
        settled: list[_Taken] = []
        for each in taken:
            head = written.heads.get(each.queue.room.document_id)
            if head is None:
                self._settle_unwritten(each, written)
            else:
                self._settle(each, head)
                settled.append(each)
        _count(settled)
        return True

    def _settle(self, taken: _Taken, head: int) -> None:
        """What was taken of a document is written."""
        queue = taken.queue
        queue.succeed()
        del queue.appends[: taken.size]
        del queue.heard[: len(taken.known.heard)]
        if not queue.appends:
            del self._queues[queue.room.document_id]
        queue.room.committed(taken.appends, rows=len(taken.rows), last_seq=head)

    def _settle_unwritten(self, taken: _Taken, written: _Written) -> None:
        """Nothing of a document is written: try again, or tell its room why there is no use."""
        queue, document_id = taken.queue, taken.queue.room.document_id
        if document_id in written.locked:
            queue.fail()
            return
        del self._queues[document_id]
        if document_id in written.set_back:
            queue.room.log_set_back()
        elif document_id in written.contested:
            logged = [append for append in taken.appends if append.payload is not None]
            queue.room.contested([logged[index] for index in written.contested[document_id]])
        else:
            queue.room.document_gone()

    def _give_up_on_late_ones(self) -> None:
        too_late = time.monotonic() - self._options.append_retry_seconds
        for document_id, queue in list(self._queues.items()):
            if queue.failing_since is not None and queue.failing_since < too_late:
                del self._queues[document_id]
                queue.room.append_failed()


def _count(settled: Sequence[_Taken]) -> None:
    """What operators see of a transaction."""
    if not settled:
        return
    appends = [append for each in settled for append in each.appends]
    _ACCEPTED.inc(sum([append.edits for append in appends]))
    metrics.JOURNAL_ROWS.inc(sum([len(each.rows) for each in settled]))
    oldest = min([append.submitted_at for append in appends])
    metrics.ACK_SECONDS.observe(time.monotonic() - oldest)


def _merge(appends: Sequence[Append]) -> Sequence[Append]:
    """One row for what one session wrote: in all of these, or else with nobody in between.

    Their order is the order of cause and effect. Where nobody builds on what somebody else wrote
    here, there is none to keep.
    """
    if len(appends) == 1:
        return [*appends]
    if _are_independent(appends):
        by_session: dict[Session, list[Append]] = {}
        for append in appends:
            by_session.setdefault(append.session, []).append(append)
        appends = [append for written in by_session.values() for append in written]
    groups: list[list[Append]] = []
    size = 0
    for append in appends:
        size += len(append.payload or b"")
        if groups and _belongs(append, groups[-1]) and size <= _MAX_MERGED_BYTES:
            groups[-1].append(append)
        else:
            groups.append([append])
            size = len(append.payload or b"")
    return [append for group in groups for append in _as_one(group)]


def _are_independent(appends: Sequence[Append]) -> bool:
    """Whether no session's appends build on what another one's bring."""
    authors: dict[int, tuple[Session, int]] = {}
    for append in appends:
        if append.payload is None:
            continue
        if append.reach is None:
            return False
        for client, start in append.reach.starts.items():
            author, _ = authors.setdefault(client, (append.session, start))
            if author is not append.session:
                return False
    for append in appends:
        for client, clock in append.reach.leans_on.items() if append.reach else ():
            author, start = authors.get(client, (append.session, 0))
            if author is not append.session and clock > start:
                return False
    return True


def _belongs(append: Append, group: Sequence[Append]) -> bool:
    if append.payload is None:
        return True
    first = group[0]
    return (
        first.payload is not None and first.session is append.session and len(group) < _MAX_MERGED
    )


def _as_one(group: Sequence[Append]) -> Sequence[Append]:
    first = group[0]
    if len(group) == 1:
        return group
    payloads = [append.payload for append in group if append.payload is not None]
    clients = {append.client for append in group if append.payload is not None}
    try:
        payload = merge(payloads) if payloads else None
    except BadUpdate:
        # Each was applied, so each can stand alone.
        return group
    return [
        Append(
            session=first.session,
            payload=payload,
            author_id=first.author_id,
            client=clients.pop() if len(clients) == 1 else None,
            acks=[ack for append in group for ack in append.acks],
            edits=sum(append.edits for append in group),
            submitted_at=first.submitted_at,
        )
    ]


def _write(work: Mapping[uuid.UUID, tuple[Sequence[NewUpdate], Known]]) -> _Written:
    """One transaction, in the journal's thread. It waits for nobody's row."""
    check = JournalCheck(work)
    rows = {document_id: updates for document_id, (updates, _) in work.items()}
    with turn_to_write():
        heads = append_many(rows, skip_locked=True, accepts=check.accepts, touch_after=_TOUCH_AFTER)
    locked: set[uuid.UUID] = set()
    if len(heads) < len(work) and (
        missed := work.keys() - heads.keys() - check.set_back - check.contested.keys()
    ):
        there = Document.objects.filter(id__in=missed, trashed_at=None)
        locked = set(there.values_list("id", flat=True))
    return _Written(heads, locked, check.set_back, check.contested)
