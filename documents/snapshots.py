"""Snapshots: a document's full state at one seq, so that opening does not cost its past.

One with a label is a version. Always made from the log, never from an open room's Doc, which
may hold what is not committed.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import F, Sum
from django.db.models.functions import Greatest, Length

from documents import crdt
from documents.content import Built, build_document
from documents.errors import DocumentMissing
from documents.models import Document, Snapshot, Update

# Below this, replaying the tail is cheaper than writing a snapshot.
MIN_TAIL_BYTES = 64 * 1024
# How many automatic snapshots stay; the older are of use to nobody who has the log.
KEPT_AUTOMATIC = 3


def create_snapshot(*, document: Document, label: str, author: Any) -> Snapshot:
    """Keep the document as it is now, under a label: a version.

    Raises DocumentMissing, LogDamaged.
    """
    built = build_document(document_id=document.id, complete=True)
    return _add_snapshot(document_id=document.id, built=built, label=label, author=author)


def due(document_ids: Iterable[uuid.UUID]) -> list[uuid.UUID]:
    """Those of the documents that want a snapshot: one look at their rows, not at their logs.

    That is when what was logged since the newest one has reached its size.
    """
    documents = Document.objects.filter(
        id__in=list(document_ids),
        trashed_at=None,
        tail_bytes__gte=Greatest(F("snapshot_bytes"), MIN_TAIL_BYTES),
    )
    return list(documents.values_list("id", flat=True))


def snapshot_if_due(*, document_id: uuid.UUID) -> Snapshot | None:
    """Make an automatic snapshot if one is due, and thin out the old ones.

    May run anywhere at any time, in several processes at once: they make one together.
    Raises LogDamaged.
    """
    if not due([document_id]):
        return None
    built = build_document(document_id=document_id, complete=True)
    try:
        return _add_snapshot(document_id=document_id, built=built, label="", author=None)
    except DocumentMissing:
        return None


@transaction.atomic
def _add_snapshot(*, document_id: uuid.UUID, built: Built, label: str, author: Any) -> Snapshot:
    state = crdt.encode(built.doc)
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
        document=document, seq=built.seq, state=state, label=label, author=author
    )
    if not snapshots.filter(seq__gt=built.seq).exists():
        tail = Update.objects.filter(document=document, seq__gt=built.seq)
        document.tail_bytes = tail.aggregate(bytes=Sum(Length("payload")))["bytes"] or 0
        document.snapshot_bytes = len(state)
        document.save(update_fields=["tail_bytes", "snapshot_bytes"])
    automatic = snapshots.filter(label="").order_by("-seq").values_list("id", flat=True)
    snapshots.filter(id__in=list(automatic[KEPT_AUTOMATIC:])).delete()
    return snapshot
