"""What can be saved of a damaged document, as a new one. The damaged one stays as it is.

Rows and snapshots are replayed together, in the order of their seqs: where rows are lost, the
snapshots after them fill in what those held. What is taken over keeps its author and its time, and
versions stay versions: the new document has a log of its own, as if there had never been another.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from documents import crdt
from documents.canonical import find_difference
from documents.comparison import read_deletions
from documents.content import build_document
from documents.errors import Conflict, DocumentMissing, LogDamaged, MissingPredecessors
from documents.lifecycle import create_document
from documents.log import NewUpdate, append_updates
from documents.members import add_member
from documents.models import Comment, Document, Membership, Message, Snapshot
from documents.replay import Replay, Source
from documents.roles import Role
from documents.rows import Row, Unreadable, iterate_rows
from documents.snapshots import create_snapshot, snapshot_if_due
from documents.threads import threads_of
from documents.verification import Finding, consistent_view, verify_document

_ROWS_AT_ONCE = 500
_SUFFIX = " (salvaged)"


@dataclass(frozen=True, slots=True)
class Plan:
    """What can be taken over from a document, and what not."""

    document: Document
    # What is wrong with its content.
    findings: Sequence[Finding]
    # Rows and snapshots, in the order in which they are to be written.
    sources: Sequence[Source]
    # What a snapshot holds that the rows before it do not: a Yjs v1 update.
    fillings: Mapping[Source, bytes]
    # What is left out, in the order of the log, and why.
    left_out: Sequence[tuple[Source, str]]
    # The content, as one Yjs v1 update.
    state: bytes


def plan_salvage(document_id: uuid.UUID) -> Plan:
    """Find out what can be saved; reads only. Raises DocumentMissing.

    Costs two replays of the log, and the memory of the document and of its rows' numbers.
    """
    with consistent_view():
        document = Document.objects.filter(id=document_id).first()
        if document is None:
            raise DocumentMissing("There is no such document.")
        found = [f for f in verify_document(document_id) if f.code.concerns_content]
        gathering = _Gathering(document_id)
        gathering.gather()
        state, refused = gathering.replay.settle(), gathering.replay.refused
    return Plan(
        document=document,
        findings=found,
        sources=gathering.sources,
        fillings=gathering.fillings,
        left_out=[(source, str(refused[source])) for source in sorted(refused)],
        state=state,
    )


@transaction.atomic
def salvage_document(*, plan: Plan, owner: Any, title: str | None = None) -> Document:
    """Write what was planned into a new document, which `owner` owns and all others are in.

    Raises Conflict if there is nothing to write, LogDamaged if it does not come out as planned.
    """
    old = plan.document
    if plan.state == crdt.EMPTY_UPDATE:
        raise Conflict("There is no content that could be saved.")
    made = create_document(
        owner=owner,
        title=old.title[: 255 - len(_SUFFIX)] + _SUFFIX if title is None else title,
        kind=old.kind,
        root=old.root,
    )
    others = Membership.objects.filter(document=old).exclude(user=owner).select_related("user")
    for membership in others.order_by("created_at", "id"):
        add_member(document=made, user=membership.user, role=Role(membership.role))
    _write(plan, made)
    _copy_talk(old, made)
    built = build_document(document_id=made.id, complete=True)
    if (difference := find_difference(crdt.encode(built.doc), plan.state)) is not None:
        raise LogDamaged(f"What was written is not what was saved: {difference}.")
    snapshot_if_due(document_id=made.id, at_rest=True)
    made.refresh_from_db()
    return made


def _copy_talk(old: Document, made: Document) -> None:
    """What people said stays: the new document's characters are the ones that it is about."""
    for thread in threads_of(old):
        comments = list(thread.comments.all())
        thread.pk, thread.document = None, made
        thread.save(force_insert=True)
        for comment in comments:
            comment.pk, comment.thread = None, thread
        Comment.objects.bulk_create(comments)
    messages = list(Message.objects.filter(document=old).order_by("id"))
    for message in messages:
        message.pk, message.document = None, made
    Message.objects.bulk_create(messages, batch_size=_ROWS_AT_ONCE)


def _write(plan: Plan, made: Document) -> None:
    waiting: list[Source] = []

    def write_rows() -> None:
        if rows := list(_read_rows(plan.document.id, waiting)):
            append_updates(document_id=made.id, updates=rows)
        waiting.clear()

    for source in plan.sources:
        if not source.snapshot_id:
            waiting.append(source)
            if len(waiting) >= _ROWS_AT_ONCE:
                write_rows()
            continue
        write_rows()
        _write_snapshot(plan, source, made)
    write_rows()


def _write_snapshot(plan: Plan, source: Source, made: Document) -> None:
    old = Snapshot.objects.defer("state").select_related("author").get(id=source.snapshot_id)
    if (filling := plan.fillings.get(source)) is not None:
        row = NewUpdate(payload=filling, created_at=old.created_at)
        append_updates(document_id=made.id, updates=[row])
    if old.label:
        version = create_snapshot(document=made, label=old.label, author=old.author)
        Snapshot.objects.filter(id=version.id).update(created_at=old.created_at)


def _read_rows(document_id: uuid.UUID, sources: Sequence[Source]) -> Iterator[NewUpdate]:
    """The rows of these sources, in their order."""
    seqs = {source.seq for source in sources}
    if not seqs:
        return
    rows = iterate_rows(document_id=document_id, after=min(seqs) - 1, until=max(seqs))
    found: dict[int, Row] = {}
    for row in rows:
        if isinstance(row, Row) and row.seq in seqs:
            found.setdefault(row.seq, row)
    for source in sources:
        row = found[source.seq]
        yield NewUpdate(row.payload, row.author_id, row.client, row.created_at)


@dataclass(slots=True)
class _Gathering:
    """One document's rows and snapshots, put together; to be run once."""

    document_id: uuid.UUID
    sources: list[Source] = field(default_factory=list)
    fillings: dict[Source, bytes] = field(default_factory=dict)
    replay: Replay = field(init=False)

    def __post_init__(self) -> None:
        self.replay = Replay(accept=self.sources.extend)

    def gather(self) -> None:
        """Take what can be taken."""
        snapshots = [
            Source(seq, snapshot_id)
            for snapshot_id, seq in Snapshot.objects.filter(document_id=self.document_id)
            .order_by("seq", "id")
            .values_list("id", "seq")
        ]
        last_seq: int | None = None
        for row in iterate_rows(document_id=self.document_id):
            if isinstance(row, Unreadable):
                # The snapshots after it fill in what they hold of it.
                self.replay.refused[Source(row.first_seq)] = row.why
                continue
            if last_seq is not None and row.seq <= last_seq:
                # Packed, and there all the same: what counts is what came first.
                continue
            last_seq = row.seq
            while snapshots and snapshots[0].seq < row.seq:
                self._fill_in(snapshots.pop(0))
            self.replay.add(Source(row.seq), row.payload)
        for snapshot in snapshots:
            self._fill_in(snapshot)
        while self._take_latecomers():
            pass

    def _fill_in(self, source: Source) -> None:
        """Take from a snapshot what the rows before it should have brought."""
        state = Snapshot.objects.filter(id=source.snapshot_id).values_list("state", flat=True).get()
        before = self.replay.settle()
        # Where they say different things, the log is the truth.
        self.replay.add(source, bytes(state), may_contradict=False)
        after = self.replay.settle()
        if source not in self.replay.refused and find_difference(before, after) is not None:
            known = crdt.build([before]).get_state()
            self.fillings[source] = crdt.encode(crdt.build([after]), since=known)

    def _take_latecomers(self) -> bool:
        """Try again what was waiting for something that came later; whether that helped."""
        waiting = sorted(
            source
            for source, error in self.replay.refused.items()
            if isinstance(error, MissingPredecessors) and not source.snapshot_id
        )
        # What a snapshot has brought already needs no row: a snapshot may stand for thousands.
        deleted = read_deletions(self.replay.settle())
        helped = False
        for at in range(0, len(waiting), _ROWS_AT_ONCE):
            some = waiting[at : at + _ROWS_AT_ONCE]
            for source, row in zip(some, _read_rows(self.document_id, some), strict=True):
                del self.replay.refused[source]
                if not self.replay.holds(row.payload, deleted=deleted):
                    helped |= self.replay.add(source, row.payload) is not None
        return helped
