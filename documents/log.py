"""The append-only update log: appending, reading, and building a document from it."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zlib import crc32

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from django.utils import timezone

from documents.admission import find_all_pairs, find_pairs
from documents.crdt import EMPTY_UPDATE, check_rows
from documents.errors import DocumentMissing, HeadMoved, LogDamaged
from documents.marks import Mark
from documents.models import Document, Snapshot, Update
from documents.pairs import Pairs
from documents.rows import Row, read_payloads, read_rows


class NewUpdate(NamedTuple):
    """One row to append."""

    # A Yjs v1 update, causally complete on top of the log and the rows appended before it.
    payload: bytes
    author_id: int | None = None
    # The Yjs client id that wrote it, if one did.
    client: int | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class State:
    """All that is needed to build a document: apply the snapshot, then the tail in order."""

    head: int
    # The newest snapshot's state, one Yjs v1 update; None if there is none yet.
    snapshot: bytes | None
    snapshot_seq: int
    # The payloads of the rows after the snapshot.
    tail: Sequence[bytes]
    # Of all rows up to the head; see `documents.marks`.
    checksum: int = 0
    # Whether checksums say that all of it is what was written once.
    is_intact: bool = False
    # The surrogate pairs in all of it, and the clocks of a Doc that holds it (client id -> clock),
    # where whoever loaded it looked for them; the clocks only of an intact snapshot with no tail.
    pairs: Pairs | None = None
    clocks: Mapping[int, int] | None = None

    @property
    def mark(self) -> Mark:
        """The head, told from that of any other log."""
        return Mark(self.head, self.checksum)

    def payloads(self) -> list[bytes]:
        """The updates to apply, in order."""
        return [*([] if self.snapshot is None else [self.snapshot]), *self.tail]

    def for_room(self) -> "State":
        """The same, checked, with pairs and clocks.

        Rows that are not known to be intact are read through, which takes a second for half a
        megabyte; so does what has characters beyond 16 bits, for its pairs. BadUpdate,
        MissingPredecessors if it is damaged.
        """
        if self.is_intact:
            clocks = None if self.tail else check_rows(self.snapshot, ())[0]
            return replace(self, pairs=find_all_pairs(self.payloads()), clocks=clocks)
        _, pairs = check_rows(self.snapshot, self.tail)
        pairs.update(find_pairs(self.snapshot or EMPTY_UPDATE))
        return replace(self, pairs=pairs)


def append_updates(
    *,
    document_id: uuid.UUID,
    updates: Sequence[NewUpdate],
    expected_head: int | None = None,
) -> int:
    """Append to one document's log and commit; return the seq of the last row.

    Raises DocumentMissing, or HeadMoved when `expected_head` is given and no longer true.
    """
    with transaction.atomic():
        heads = append_many({document_id: updates}, expected_head=expected_head)
    if document_id not in heads:
        raise DocumentMissing("There is no such document.")
    return heads[document_id]


def append_many(
    appends: Mapping[uuid.UUID, Sequence[NewUpdate]],
    *,
    expected_head: int | None = None,
    skip_locked: bool = False,
    accepts: Callable[[uuid.UUID, Mark], bool] | None = None,
    touch_after: timedelta = timedelta(0),
) -> dict[uuid.UUID, int]:
    """Append to many documents' logs in the caller's transaction; return the new heads.

    The rows are locked in the order of their ids, so that two processes never wait for each
    other in a circle. Documents that are missing or in the trash are left out of the answer; with
    `skip_locked` also those whose rows somebody else has locked (not on SQLite, which has no
    locks of rows). `accepts` is asked with each log as it stands under the lock: documents that it
    says no to are left out as well. `updated_at` is moved where it is older than
    `touch_after`: lists are read from an index of it, and to move a document in there costs more
    than its row (PostgreSQL writes to no index at all otherwise).
    """
    if not appends:
        return {}
    # Statements by hand: for a keystroke the ORM costs more than the database.
    # The thread's own connection: its stand-in looks for it at each use.
    connection = connections[DEFAULT_DB_ALIAS]
    key_of = Document._meta.get_field("id").get_db_prep_value  # noqa: SLF001
    work = {key_of(each, connection): (each, updates) for each, updates in appends.items()}
    time = timezone.now()
    now = _moment(connection, time)
    rows: list[tuple[Any, ...]] = []
    # What to set in the documents: those whose index of times moves, and those that stay in place.
    moving: list[tuple[Any, ...]] = []
    staying: list[tuple[Any, ...]] = []
    heads: dict[uuid.UUID, int] = {}
    with connection.cursor() as cursor:
        lock = _lock_statement(connection, len(work), skip_locked=skip_locked)
        cursor.execute(lock, [_moment(connection, time - touch_after), *work])
        for key, head, checksum, tail_bytes, is_settled in cursor.fetchall():
            if expected_head is not None and head != expected_head:
                raise HeadMoved(f"The document is at {head}, not at {expected_head}.")
            (document_id, updates), end = work[key], Mark(head, checksum)
            if accepts is not None and not accepts(document_id, end):
                continue
            for seq, update in enumerate(updates, head + 1):
                created_at = now
                if update.created_at is not None:
                    created_at = _moment(connection, update.created_at)
                rows.append((key, seq, update.payload, update.author_id, update.client, created_at))
            end = end.after(update.payload for update in updates)
            size = sum(len(update.payload) for update in updates)
            heads[document_id] = end.seq
            head_is = (end.seq, end.checksum, tail_bytes + size)
            if is_settled:
                moving.append((*head_is, now, key))
            else:
                staying.append((*head_is, key))
        if rows:
            cursor.executemany(
                f"INSERT INTO {_table(connection, Update)} (document_id, seq, payload,"  # noqa: S608
                " author_id, client, created_at) VALUES (%s, %s, %s, %s, %s, %s)",
                rows,
            )
        statement = (
            f"UPDATE {_table(connection, Document)}"  # noqa: S608
            " SET head_seq = %s, log_checksum = %s, tail_bytes = %s"
        )
        if moving:
            cursor.executemany(f"{statement}, updated_at = %s WHERE id = %s", moving)
        if staying:
            cursor.executemany(f"{statement} WHERE id = %s", staying)
    return heads


def _lock_statement(connection: BaseDatabaseWrapper, count: int, *, skip_locked: bool) -> str:
    """Select and lock the rows of so many documents, in the order of their ids."""
    lock = ""
    if connection.features.has_select_for_update:
        lock = connection.ops.for_update_sql(skip_locked=skip_locked, no_key=True)
    places = ", ".join(["%s"] * count)
    return (
        f"SELECT id, head_seq, log_checksum, tail_bytes, updated_at <= %s"  # noqa: S608
        f" FROM {_table(connection, Document)}"
        f" WHERE id IN ({places}) AND trashed_at IS NULL ORDER BY id {lock}"
    )


def _table(connection: BaseDatabaseWrapper, model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001


def _moment(connection: BaseDatabaseWrapper, moment: datetime) -> Any:
    """A time as the database's driver takes it."""
    return connection.ops.adapt_datetimefield_value(moment)


def read_since(*, document_id: uuid.UUID, seq: int, until: int | None = None) -> list[Row]:
    """The rows after `seq` in order, up to and with `until`; LogDamaged if one is missing."""
    found = read_rows(document_id=document_id, after=seq, until=until)
    _check_contiguous((row.seq for row in found), after=seq)
    if until is not None and seq + len(found) != until:
        raise LogDamaged(f"The log ends at {seq + len(found)}; it should go on to {until}.")
    return found


def load_state(*, document_id: uuid.UUID, at: int | None = None) -> State:
    """The newest snapshot (not beyond `at`) and the payloads after it.

    Who wrote a row and when is left where it is: reading that would cost more than the content.
    The head is read behind the snapshot, which so is not beyond it, and before the rows: they must
    reach it, or the log is damaged. Raises DocumentMissing, LogDamaged.
    """
    snapshot_seq, snapshot, snapshot_mark = _read_snapshot(document_id, at=at)
    documents = Document.objects.filter(id=document_id)
    end = documents.values_list("head_seq", "log_checksum").first() if at is None else (at, 0)
    if end is None:
        raise DocumentMissing("There is no such document.")
    head, checksum = end
    # If what was read after the snapshot is packed by now, it is read from there.
    tail = read_payloads(document_id=document_id, after=snapshot_seq, until=at)
    _check_contiguous((seq for seq, _ in tail), after=snapshot_seq)
    last = snapshot_seq + len(tail)
    if last < head:
        if not Document.objects.filter(id=document_id).exists():
            raise DocumentMissing("The document was purged meanwhile.")
        raise LogDamaged(f"The log ends at {last}; the document's head is {head}.")
    mark = Mark(head, checksum).after(payload for seq, payload in tail if seq > head)
    payloads = [payload for _, payload in tail]
    return State(
        head=last,
        snapshot=snapshot,
        snapshot_seq=snapshot_seq,
        tail=payloads,
        checksum=mark.checksum,
        is_intact=snapshot_mark is not None and snapshot_mark.after(payloads) == mark,
    )


def _read_snapshot(
    document_id: uuid.UUID, *, at: int | None
) -> tuple[int, bytes | None, Mark | None]:
    """The newest one's seq and state, and the log's mark there if that is known."""
    snapshots = Snapshot.objects.filter(document_id=document_id).order_by("-seq", "-id")
    if at is not None:
        snapshots = snapshots.filter(seq__lte=at)
    found = snapshots.values_list("seq", "state", "state_checksum", "log_checksum").first()
    if found is None:
        return 0, None, Mark(0, 0)
    seq, stored, state_checksum, log_checksum = found
    state = bytes(stored)
    if state_checksum is None or log_checksum is None:
        return seq, state, None
    if crc32(state) != state_checksum:
        raise LogDamaged(f"The snapshot at {seq} is not what was written.")
    return seq, state, Mark(seq, log_checksum)


def _check_contiguous(seqs: Iterable[int], *, after: int) -> None:
    for expected, seq in enumerate(seqs, start=after + 1):
        if seq != expected:
            raise LogDamaged(f"The log has no row {expected}; the next is {seq}.")
