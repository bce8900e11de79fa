"""A document's life: made, renamed, copied, thrown away, brought back, gone for good."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from documents import bus, crdt
from documents.content import build_document
from documents.errors import Conflict
from documents.log import NewUpdate, append_updates
from documents.members import tell_documents_changed
from documents.models import Document, Kind, Membership
from documents.notifications import tell_notifications_changed
from documents.roles import Role

UNTITLED = "Untitled"


@transaction.atomic
def create_document(
    *,
    owner: Any,
    title: str = UNTITLED,
    kind: str = Kind.RICHTEXT,
    root: str = "",
    content: bytes | None = None,
) -> Document:
    """Make a document that `owner` owns; `content` is a Yjs v1 update for its first log row."""
    document = Document.objects.create(title=title, kind=kind, root=root)
    Membership.objects.create(document=document, user=owner, role=Role.OWNER)
    tell_documents_changed(document_id=document.id)
    if content is not None and content != crdt.EMPTY_UPDATE:
        document.head_seq = append_updates(
            document_id=document.id,
            updates=[NewUpdate(payload=content, author_id=owner.pk)],
        )
    return document


def duplicate_document(*, document: Document, owner: Any, title: str | None = None) -> Document:
    """Make a new document with the content that this one has now; its past stays behind."""
    built = build_document(document_id=document.id)
    return create_document(
        owner=owner,
        title=title or f"Copy of {document.title}"[:255],
        kind=document.kind,
        root=document.root,
        content=crdt.encode(built.doc),
    )


@transaction.atomic
def rename_document(*, document: Document, title: str) -> None:
    """Give it another title."""
    document.title = title
    document.updated_at = timezone.now()
    document.save(update_fields=["title", "updated_at"])
    tell_documents_changed(document_id=document.id)
    # They show its title.
    tell_notifications_changed(document_id=document.id)


@transaction.atomic
def trash_document(*, document: Document) -> None:
    """Move it to the trash, and close everybody's connections to it."""
    document.trashed_at = timezone.now()
    document.save(update_fields=["trashed_at"])
    _tell_all(document)


@transaction.atomic
def untrash_document(*, document: Document) -> None:
    """Bring it back from the trash."""
    document.trashed_at = None
    document.save(update_fields=["trashed_at"])
    _tell_all(document)


@transaction.atomic
def purge_document(*, document: Document) -> None:
    """Delete it and its whole past. Only from the trash: Conflict if it is not there."""
    if document.trashed_at is None:
        raise Conflict("Only a document in the trash can be purged: delete it first.")
    _tell_all(document)
    document.delete()


def _tell_all(document: Document) -> None:
    hint = bus.access_changed(document_id=document.id)
    transaction.on_commit(lambda: bus.publish(hint))
    tell_documents_changed(document_id=document.id)
    tell_notifications_changed(document_id=document.id)
