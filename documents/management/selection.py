"""Which documents a command is about."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError

from documents.models import Document

_DOCUMENTS_AT_ONCE = 500


def existing(document_ids: list[uuid.UUID]) -> list[uuid.UUID]:
    """Those that somebody named; CommandError if there is one that does not exist."""
    there = set(Document.objects.filter(id__in=document_ids).values_list("id", flat=True))
    for document_id in document_ids:
        if document_id not in there:
            raise CommandError(f"There is no document {document_id}.", returncode=2)
    return document_ids


def all_documents() -> Iterator[uuid.UUID]:
    """By pages: nothing stays open from one document to the next."""
    page = list(_ids()[:_DOCUMENTS_AT_ONCE])
    while page:
        yield from page
        page = list(_ids().filter(id__gt=page[-1])[:_DOCUMENTS_AT_ONCE])


def _ids() -> Any:
    return Document.objects.order_by("id").values_list("id", flat=True)
