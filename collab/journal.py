"""Group commit: the appends of all rooms, in one transaction at a time.

A document's appends are committed in their order. A batch that fails is tried again document
by document, so that one that cannot be written delays, and in the end closes, only itself.
Trying again is always safe: a row that was committed after all stands in the log twice, and
means the same twice.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from django.db import connection, transaction

from collab import metrics
from collab.database import DatabaseThreads
from collab.live_doc import merge
from collab.options import Options
from collab.sessions import Session
from documents.errors import BadUpdate
from documents.log import NewUpdate, append_many
from documents.models import Connection

logger = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 0.25
# A database that fails slowly, document by document, is left alone for a pause after this.
_ROUND_SECONDS = 1.0
# How long PostgreSQL waits for a document's row. SQLite locks the whole database instead.
_LOCK_MILLISECONDS = 250
# A row is made of at most so many updates: merging costs the square of their number.
_MAX_MERGED = 64
_MAX_MERGED_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class AckTarget:
    """Whom to tell, and about which of its updates."""

    session: Session
    from_cseq: int
    cseq: int


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
    submitted_at: float = field(default_factory=time.monotonic)

    def waited_seconds(self) -> float:
        """How long ago it was handed in."""
        return time.monotonic() - self.submitted_at

    def row(self) -> NewUpdate | None:
        """The row of the log, if there is one to write."""
        if self.payload is None:
            return None
        return NewUpdate(self.payload, self.author_id, self.client)


class Journaled(Protocol):
    """What the journal tells a room."""

    document_id: uuid.UUID

    def committed(self, appends: Sequence[Append], *, rows: int, last_seq: int) -> None:
        """These are on disk; their `rows` rows end at `last_seq`."""

    def append_failed(self) -> None:
        """The bound for trying again is over; nothing of what waited is written."""

    def document_gone(self) -> None:
        """There is no such document any more."""


@dataclass(eq=False, slots=True)
class _Queue:
    """One document's appends that are not committed yet."""

    room: Journaled
    appends: list[Append] = field(default_factory=list)
    failing_since: float | None = None


class Journal:
    """One process's journal; its task is started and drained by the hub."""

    def __init__(
        self, options: Options, *, roster_changed: Callable[[set[uuid.UUID]], None]
    ) -> None:
        self._options = options
        # Told the documents whose connections were written.
        self._roster_changed = roster_changed
        self._threads = DatabaseThreads(name="journal", count=1)
        self._queues: dict[uuid.UUID, _Queue] = {}
        self._connected: dict[uuid.UUID, Connection] = {}
        # Connection id -> document id.
        self._disconnected: dict[uuid.UUID, uuid.UUID] = {}
        self._wake = asyncio.Event()
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
                room.committed([append], rows=0, last_seq=0)
                return
            queue = self._queues[room.document_id] = _Queue(room)
        queue.appends.append(append)
        self._stir()

    def connected(self, row: Connection) -> None:
        """Write a session into the roster, with the next batch; again when its role changed."""
        self._connected[row.id] = row
        self._stir()

    def disconnected(self, connection_id: uuid.UUID, document_id: uuid.UUID) -> None:
        """Take a session out of the roster, with the next batch."""
        self._connected.pop(connection_id, None)
        self._disconnected[connection_id] = document_id
        self._stir()

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

    def _stir(self) -> None:
        self._idle.clear()
        self._wake.set()

    async def _run(self) -> None:
        pause = 0.0
        while True:
            await self._wake.wait()
            await asyncio.sleep(pause or self._options.journal_gather_seconds)
            self._wake.clear()
            batch = {id_: len(queue.appends) for id_, queue in self._queues.items()}
            if await self._commit(batch) or await self._commit_each(batch):
                pause = 0.0
            else:
                pause = min(2.0, 2 * pause or _FIRST_PAUSE_SECONDS)
                self._give_up_on_late_ones()
            async with self._settled:
                self._settled.notify_all()
            if self._queues or self._connected or self._disconnected:
                self._wake.set()
            else:
                self._idle.set()

    async def _commit_each(self, batch: dict[uuid.UUID, int]) -> bool:
        """One transaction a document; whether all of them worked."""
        patience = time.monotonic() + _ROUND_SECONDS
        failed = False
        for document_id, count in batch.items():
            if await self._commit({document_id: count}):
                continue
            failed = True
            # Behind all others: if the round ends here, the next begins with another document.
            if (queue := self._queues.pop(document_id, None)) is not None:
                self._queues[document_id] = queue
            if time.monotonic() > patience:
                break
        return not failed

    async def _commit(self, batch: dict[uuid.UUID, int]) -> bool:
        """Write the first appends of these documents; whether that worked."""
        taken = {
            id_: _merge_neighbours(self._queues[id_].appends[:count])
            for id_, count in batch.items()
        }
        rows = {
            id_: [row for append in appends if (row := append.row()) is not None]
            for id_, appends in taken.items()
        }
        connected, self._connected = self._connected, {}
        disconnected, self._disconnected = self._disconnected, {}
        started = time.perf_counter()
        try:
            heads = await self._threads.run(lambda: _write(rows, connected, disconnected))
        except Exception as error:
            # Whatever it is: a journal that ended would leave everybody waiting for ever.
            logger.warning("The journal could not commit, and tries again", exc_info=error)
            metrics.JOURNAL_BATCHES.labels("failed").inc()
            self._connected = {
                **{id_: row for id_, row in connected.items() if id_ not in self._disconnected},
                **self._connected,
            }
            self._disconnected = {**disconnected, **self._disconnected}
            now = time.monotonic()
            for document_id in batch:
                queue = self._queues[document_id]
                queue.failing_since = queue.failing_since or now
            return False
        metrics.JOURNAL_BATCHES.labels("committed").inc()
        metrics.JOURNAL_SECONDS.observe(time.perf_counter() - started)
        if connected or disconnected:
            self._roster_changed(
                {row.document_id for row in connected.values()} | set(disconnected.values())
            )
        for document_id, appends in taken.items():
            del self._queues[document_id].appends[: batch[document_id]]
            self._settle(document_id, appends, len(rows[document_id]), heads.get(document_id))
        return True

    def _settle(
        self, document_id: uuid.UUID, appends: Sequence[Append], rows: int, head: int | None
    ) -> None:
        queue = self._queues[document_id]
        queue.failing_since = None
        if head is None:
            del self._queues[document_id]
            queue.room.document_gone()
            return
        if not queue.appends:
            del self._queues[document_id]
        metrics.JOURNAL_ROWS.inc(rows)
        queue.room.committed(appends, rows=rows, last_seq=head)

    def _give_up_on_late_ones(self) -> None:
        too_late = time.monotonic() - self._options.append_retry_seconds
        for document_id, queue in list(self._queues.items()):
            if queue.failing_since is not None and queue.failing_since < too_late:
                del self._queues[document_id]
                queue.room.append_failed()


def _merge_neighbours(appends: Sequence[Append]) -> list[Append]:
    """One row for what one session wrote with nobody else in between.

    Only neighbours: their order is the order of cause and effect.
    """
    groups: list[list[Append]] = []
    for append in appends:
        if groups and _belongs(append, groups[-1]):
            groups[-1].append(append)
        else:
            groups.append([append])
    return [append for group in groups for append in _as_one(group)]


def _belongs(append: Append, group: Sequence[Append]) -> bool:
    if append.payload is None:
        return True
    first = group[0]
    return (
        first.payload is not None
        and first.session is append.session
        and len(group) < _MAX_MERGED
        and len(first.payload) + len(append.payload) <= _MAX_MERGED_BYTES
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
            submitted_at=first.submitted_at,
        )
    ]


def _write(
    rows: dict[uuid.UUID, list[NewUpdate]],
    connected: dict[uuid.UUID, Connection],
    disconnected: dict[uuid.UUID, uuid.UUID],
) -> dict[uuid.UUID, int]:
    """One transaction, in the journal's thread; the new heads."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            # Whoever holds one document's row for long must not hold up all the others.
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = {_LOCK_MILLISECONDS}")
        if connected:
            Connection.objects.bulk_create(
                connected.values(),
                update_conflicts=True,
                unique_fields=["id"],
                update_fields=["role"],
            )
        if disconnected:
            Connection.objects.filter(id__in=disconnected).delete()
        return append_many(rows)
