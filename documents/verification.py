"""Does what is stored of a document fit together? Reads everything, changes nothing."""

import uuid
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from documents.canonical import find_difference
from documents.errors import DocumentError, MissingPredecessors
from documents.models import Document, Membership, Snapshot, Update
from documents.replay import Replay, Source
from documents.roles import Role
from documents.rows import Row, Unreadable, iterate_rows

# Yjs draws client ids of 32 bits.
_MAX_SERVER_CLIENT = 2**32 - 1


class Code(StrEnum):
    """What can be wrong."""

    # The log.
    LOG_GAP = "log_gap"
    LOG_ENDS_EARLY = "log_ends_early"
    ROW_BEYOND_HEAD = "row_beyond_head"
    ROW_BEFORE_LOG = "row_before_log"
    ROW_TWICE = "row_twice"
    SEGMENT_DAMAGED = "segment_damaged"
    ROW_REFUSED = "row_refused"
    ROW_WAITS = "row_waits"
    ROW_CONTRADICTS = "row_contradicts"
    # Snapshots, versions among them.
    SNAPSHOT_REFUSED = "snapshot_refused"
    SNAPSHOT_INCOMPLETE = "snapshot_incomplete"
    SNAPSHOT_DIFFERS = "snapshot_differs"
    SNAPSHOT_BEYOND_HEAD = "snapshot_beyond_head"
    # What is about the document; its content is whole.
    WRONG_CLIENT = "wrong_client"
    WRONG_COUNTER = "wrong_counter"
    WRONG_SERVER_CLIENT = "wrong_server_client"
    UNKNOWN_AUTHOR = "unknown_author"
    NO_OWNER = "no_owner"

    @property
    def concerns_content(self) -> bool:
        """Whether something of the content is in danger, or gone."""
        return self not in _ABOUT_IT


_ABOUT_IT = {
    Code.WRONG_CLIENT,
    Code.WRONG_COUNTER,
    Code.WRONG_SERVER_CLIENT,
    Code.UNKNOWN_AUTHOR,
    Code.NO_OWNER,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One inconsistency."""

    code: Code
    detail: str
    # The row or snapshot that it is about, or where it begins.
    seq: int | None = None


@contextmanager
def consistent_view() -> Iterator[None]:
    """All that is read within is of one moment. Writers go on meanwhile; nothing may be written.

    Within somebody's transaction it is theirs that decides.
    """
    if connection.in_atomic_block:
        yield
        return
    connection.ensure_connection()
    with _without_the_write_lock(connection), transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


@contextmanager
def _without_the_write_lock(database: Any) -> Iterator[None]:
    """On SQLite our transactions begin as writers do, which would hold up all others."""
    if database.vendor != "sqlite":
        yield
        return
    mode, database.transaction_mode = database.transaction_mode, "DEFERRED"
    try:
        yield
    finally:
        database.transaction_mode = mode


def verify_document(document_id: uuid.UUID) -> Generator[Finding]:
    """Replay the log against snapshots and counters; nothing for a document that is not there.

    To be used up within `consistent_view`: else what is written meanwhile looks like damage.
    Takes as much memory as the document does, not its past.
    """
    document = Document.objects.filter(id=document_id).first()
    if document is not None:
        yield from _Verification(document).run()


@dataclass(slots=True)
class _Listed:
    """A snapshot, without its state."""

    id: int
    seq: int
    label: str

    def __str__(self) -> str:
        kind = f"version “{self.label}”" if self.label else "automatic snapshot"
        return f"the {kind} (id {self.id}) at {self.seq}"


@dataclass(slots=True)
class _Verification:
    """One document's; to be run once."""

    document: Document
    replay: Replay = field(default_factory=Replay)
    # Something before this place is missing: what follows cannot be compared, or builds on it.
    damaged: bool = False
    last_seq: int = 0
    # The last of the rows that are there, and cannot be read.
    unreadable_until: int = 0
    tail_bytes: int = 0
    first_waiting: int | None = None
    waiting: int = 0
    snapshots: Sequence[_Listed] = ()
    newest_bytes: int = 0

    def run(self) -> Iterator[Finding]:
        self.snapshots = [
            _Listed(*row)
            for row in Snapshot.objects.filter(document=self.document)
            .order_by("seq", "id")
            .values_list("id", "seq", "label")
        ]
        newest_seq = self.snapshots[-1].seq if self.snapshots else 0
        ahead = iter(self.snapshots)
        snapshot = next(ahead, None)
        for row in iterate_rows(document_id=self.document.id):
            first_seq = row.first_seq if isinstance(row, Unreadable) else row.seq
            while snapshot is not None and snapshot.seq < first_seq:
                yield from self._note_gap(min(first_seq, snapshot.seq + 1))
                yield from self._check_snapshot(snapshot)
                snapshot = next(ahead, None)
            yield from self._note_gap(first_seq)
            if isinstance(row, Unreadable):
                yield from self._note_unreadable(row)
                continue
            yield from self._check_row(row)
            if row.seq > newest_seq:
                self.tail_bytes += len(row.payload)
        yield from self._check_end()
        while snapshot is not None:
            yield from self._check_snapshot(snapshot)
            snapshot = next(ahead, None)
        yield from self._note_waiting()
        yield from self._check_document(newest_seq)

    # The log ----------------------------------------------------------------------------

    def _note_gap(self, until: int) -> Iterator[Finding]:
        """Rows from the last one to the one before `until` should be there."""
        missing = range(self.last_seq + 1, until)
        if missing:
            self.damaged = True
            self.last_seq = until - 1
            which = (
                f"row {missing[0]} is"
                if len(missing) == 1
                else f"rows {missing[0]} to {missing[-1]} are"
            )
            yield Finding(Code.LOG_GAP, f"{which} missing", missing[0])

    def _note_unreadable(self, rows: Unreadable) -> Iterator[Finding]:
        self.damaged = True
        self.last_seq = max(rows.last_seq, self.last_seq)
        self.unreadable_until = self.last_seq
        yield Finding(Code.SEGMENT_DAMAGED, str(rows.why), rows.first_seq)

    def _check_row(self, row: Row) -> Iterator[Finding]:
        seq, client = row.seq, row.client
        if seq < 1:
            yield Finding(Code.ROW_BEFORE_LOG, f"row {seq}: the first of a log is 1", seq)
        elif seq <= self.last_seq:
            yield Finding(Code.ROW_TWICE, f"row {seq} stands in the log twice", seq)
        self.last_seq = max(seq, self.last_seq)
        source = Source(seq)
        admitted = self.replay.add(source, row.payload)
        yield from self._note_refused()
        if admitted is None:
            return
        if source in self.replay.contradictory:
            self.replay.contradictory.discard(source)
            detail = f"row {seq} writes where other content stands, and is not in the document"
            yield Finding(Code.ROW_CONTRADICTS, detail, seq)
        wrote = {client for client, end in admitted.ends.items() if end}
        if client is not None and wrote and wrote != {client}:
            names = ", ".join(map(str, sorted(wrote)))
            detail = f"row {seq} is said to be client {client}'s; it is {names}'s"
            yield Finding(Code.WRONG_CLIENT, detail, seq)

    def _note_refused(self) -> Iterator[Finding]:
        for source, error in self.replay.refused.items():
            self.damaged = True
            if isinstance(error, MissingPredecessors):
                # All of a client's later rows build on one that is lost.
                self.first_waiting = self.first_waiting or source.seq
                self.waiting += 1
            else:
                yield Finding(Code.ROW_REFUSED, f"row {source.seq}: {error}", source.seq)
        self.replay.refused.clear()

    def _note_waiting(self) -> Iterator[Finding]:
        if self.first_waiting is not None:
            which = (
                f"row {self.first_waiting} builds"
                if self.waiting == 1
                else f"{self.waiting} rows, of which {self.first_waiting} is the first, build"
            )
            detail = f"{which} on what is not in the log before"
            yield Finding(Code.ROW_WAITS, detail, self.first_waiting)
            self.first_waiting, self.waiting = None, 0

    def _check_end(self) -> Iterator[Finding]:
        head = self.document.head_seq
        if self.last_seq < head:
            self.damaged = True
            detail = f"the log ends at {self.last_seq}; head_seq is {head}"
            yield Finding(Code.LOG_ENDS_EARLY, detail, self.last_seq + 1)
        elif self.last_seq > head:
            detail = f"the log goes on to {self.last_seq}; head_seq is {head}"
            yield Finding(Code.ROW_BEYOND_HEAD, detail, head + 1)
        self.replay.settle()
        yield from self._note_refused()

    # Snapshots --------------------------------------------------------------------------

    def _check_snapshot(self, snapshot: _Listed) -> Iterator[Finding]:
        stored = Snapshot.objects.filter(id=snapshot.id).values_list("state", flat=True).get()
        state = bytes(stored)
        self.newest_bytes = len(state)
        beyond = snapshot.seq > max(self.document.head_seq, self.last_seq)
        if beyond:
            detail = f"{snapshot} is beyond head_seq, which is {self.document.head_seq}"
            yield Finding(Code.SNAPSHOT_BEYOND_HEAD, detail, snapshot.seq)
        try:
            built = Replay(state)
            whole = built.settle()
        except MissingPredecessors as error:
            yield Finding(Code.SNAPSHOT_INCOMPLETE, f"{snapshot}: {error}", snapshot.seq)
            return
        except DocumentError as error:
            yield Finding(Code.SNAPSHOT_REFUSED, f"{snapshot}: {error}", snapshot.seq)
            return
        if beyond:
            return
        here = self.replay.settle()
        yield from self._note_refused()
        if self.damaged:
            # It is all there is of what is lost: the rows after it are to fit onto it.
            yield from self._note_waiting()
            self.replay = built
            # Unless it stands among rows that cannot be read, of which it lacks the later ones.
            self.damaged = snapshot.seq < self.unreadable_until
        elif (difference := find_difference(here, whole)) is not None:
            detail = f"{snapshot} is not what the rows up to it make: {difference}"
            yield Finding(Code.SNAPSHOT_DIFFERS, detail, snapshot.seq)

    # The document -----------------------------------------------------------------------

    def _check_document(self, newest_seq: int) -> Iterator[Finding]:
        document = self.document
        for name, right in (
            ("snapshot_seq", newest_seq),
            ("snapshot_bytes", self.newest_bytes),
            ("tail_bytes", self.tail_bytes),
        ):
            said = getattr(document, name)
            if said != right:
                yield Finding(Code.WRONG_COUNTER, f"{name} is {said}; it should be {right}")
        if not 1 <= document.server_client <= _MAX_SERVER_CLIENT:
            detail = f"server_client is {document.server_client}: no client id"
            yield Finding(Code.WRONG_SERVER_CLIENT, detail)
        if not Membership.objects.filter(document=document, role=Role.OWNER).exists():
            yield Finding(Code.NO_OWNER, "nobody owns it: add an owner in the admin")
        for author_id in _unknown_authors(document):
            detail = f"there is no user {author_id}, whom rows name as their author"
            yield Finding(Code.UNKNOWN_AUTHOR, detail)


def _unknown_authors(document: Document) -> Iterator[Any]:
    users = get_user_model().objects.filter(pk=OuterRef("author_id"))
    rows = Update.objects.filter(document=document).exclude(author_id=None)
    yield from (
        rows.filter(~Exists(users)).order_by("author_id").values_list("author_id", flat=True)
    ).distinct()
