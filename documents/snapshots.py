"""Snapshots: a document's full state at one seq, so that opening does not cost its past.

One with a label is a version. Always made from the log, never from an open room's Doc, which
may hold what is not committed.
"""

import uuid
from collections.abc import Iterable
from typing import Any
from zlib import crc32

from django.db.models import F, Sum, Value
from django.db.models.functions import Greatest, Length

from documents import changes, crdt
from documents.content import Built, build_document
from documents.errors import DocumentMissing
from documents.models import Document, Snapshot, Update
from documents.turns import turn_to_write

# A row costs as much to replay as so many bytes of a snapshot (measured: 10 us, 35 ns a byte): the
# weight of a tail is its bytes and this for each of its rows.
ROW_WEIGHT_BYTES = 300
# While a document is being written, replaying its tail may cost a third of its snapshot: opening it
# after a crash takes a third longer than it could, and writing snapshots costs next to nothing.
LIVE_FRACTION = 3
MIN_WEIGHT_BYTES = 256 * 1024
# At rest, when nobody writes, opening it next should cost little more than its size.
REST_FRACTION = 4
MIN_WEIGHT_AT_REST_BYTES = 32 * 1024
# Whoever logs need not ask before this much was logged again.
MIN_TAIL_BYTES = 16 * 1024
# How many automatic snapshots stay: the newest, and one to fall back on. Older ones are of use to
# nobody who has the log.
KEPT_AUTOMATIC = 2


def create_snapshot(*, document: Document, label: str, author: Any) -> Snapshot:
    """Keep the document as it is now, under a label: a version.

    Raises DocumentMissing, LogDamaged.
    """
    built = build_document(document_id=document.id, complete=True)
    return _add_snapshot(document_id=document.id, built=built, label=label, author=author)


def due(document_ids: Iterable[uuid.UUID], *, at_rest: bool = False) -> list[uuid.UUID]:
    """Those of the documents that want a snapshot: one look at their rows, not at their logs.

    That is when replaying what was logged since the newest one would cost a good part of it;
    at rest, a smaller one.
    """
    enough = F("snapshot_bytes") / (REST_FRACTION if at_rest else LIVE_FRACTION)
    least = MIN_WEIGHT_AT_REST_BYTES if at_rest else MIN_WEIGHT_BYTES
    rows = F("head_seq") - F("snapshot_seq")
    documents = Document.objects.filter(id__in=list(document_ids), trashed_at=None).annotate(
        weight=F("tail_bytes") + rows * ROW_WEIGHT_BYTES
    )
    due_ones = documents.filter(weight__gte=Greatest(enough, Value(least)))
    return list(due_ones.values_list("id", flat=True))


def snapshot_if_due(*, document_id: uuid.UUID, at_rest: bool = False) -> Snapshot | None:
    """Make an automatic snapshot if one is due, and thin out the old ones.

    `at_rest`: nobody writes any more, as when a room closes. May run anywhere at any time, in
    several processes at once: they make one together. Raises LogDamaged.
    """
    if not due([document_id], at_rest=at_rest):
        return None
    built = build_document(document_id=document_id, complete=True)
    try:
        return _add_snapshot(document_id=document_id, built=built, label="", author=None)
    except DocumentMissing:
        return None


def _add_snapshot(*, document_id: uuid.UUID, built: Built, label: str, author: Any) -> Snapshot:
    # Before its turn: for a large document that takes a while.
    state = crdt.encode(built.doc)
    with turn_to_write():
        # The lock keeps the counters true: nobody appends meanwhile.
        document = (
            Document.objects.select_for_update(no_key=True)
            .filter(id=document_id, trashed_at=None)
            .first()
        )
        if document is None:
            raise DocumentMissing("There is no such document.")
        snapshots = Snapshot.objects.filter(document=document)
        if not label:
            there = snapshots.filter(seq=built.seq, label="").first()
            if there is not None:
                return there
        snapshot = Snapshot.objects.create(
            document=document,
            seq=built.seq,
            state=state,
            state_checksum=crc32(state),
            log_checksum=built.log_checksum,
            label=label,
            author=author,
        )
        if label:
            changes.change_document_list(document_id=document_id, topic=changes.Topic.VERSIONS)
        if not snapshots.filter(seq__gt=built.seq).exists():
            tail = Update.objects.filter(document=document, seq__gt=built.seq)
            document.tail_bytes = tail.aggregate(bytes=Sum(Length("payload")))["bytes"] or 0
            document.snapshot_seq, document.snapshot_bytes = built.seq, len(state)
            document.save(update_fields=["tail_bytes", "snapshot_seq", "snapshot_bytes"])
        automatic = snapshots.filter(label="").order_by("-seq").values_list("id", flat=True)
        snapshots.filter(id__in=list(automatic[KEPT_AUTOMATIC:])).delete()
        return snapshot
