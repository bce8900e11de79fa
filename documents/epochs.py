"""Epochs: which incarnation of a document a client's copy belongs to."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django.utils import timezone

from documents.errors import DocumentMissing
from documents.models import Document

# Epochs count the seconds from here: what is stored has 31 bits, which last until 2093.
_BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class NewEpoch:
    """What was changed."""

    old: int
    new: int
    head: int


@transaction.atomic
def begin_epoch(*, document_id: uuid.UUID) -> NewEpoch:
    """Make every client that has a copy of the document drop it, and start from what is stored.

    Open rooms see it when they next compare themselves with the database, and close with 4409.
    The new epoch is one that nobody ever saw, not even where a backup forgot the last one.
    Raises DocumentMissing. In the trash it counts as well: documents come back from there.
    """
    document = Document.objects.select_for_update(no_key=True).filter(id=document_id).first()
    if document is None:
        raise DocumentMissing("There is no such document.")
    old = document.epoch
    # The clock goes on while the database is turned back.
    seconds = int((timezone.now() - _BEGINNING).total_seconds())
    document.epoch = max(old + 1, seconds)
    # Copies from before may hold what the server wrote later: it must not write there again.
    document.server_client = Document._meta.get_field("server_client").get_default()  # noqa: SLF001
    document.save(update_fields=["epoch", "server_client"])
    return NewEpoch(old, document.epoch, document.head_seq)
