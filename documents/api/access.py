"""Finding a document for a request; what is refused, `documents.api.errors` answers."""

import uuid
from typing import NoReturn

from rest_framework.request import Request

from documents import access
from documents.errors import DocumentMissing
from documents.models import Document
from documents.permissions import Access, Action, Role, access_to, with_role


def find_document(request: Request, document_id: uuid.UUID, action: Action) -> Access:
    """The document, if the user may do this to it.

    Who may not see it is told that there is none (401 for who is not signed in); who sees it
    but may not do this gets 403.
    """
    return access.require_access(user=request.user, document_id=document_id, action=action)


def find_trashed(request: Request, document_id: uuid.UUID) -> Access:
    """A document that its owner may bring back or purge: 404 for everybody else."""
    document = with_role(Document.objects.filter(id=document_id), request.user).first()
    found = None if document is None else access_to(document, request.user)
    if found is None:
        access.refuse_sight(request.user)
    if found.role == Role.OWNER:
        return found
    if found.document.trashed_at is None:
        access.refuse(request.user, "Only an owner may do this.")
    raise DocumentMissing(access.MISSING)


def refuse(request: Request, detail: str) -> NoReturn:
    """403, or 401 for somebody who might only have to sign in."""
    access.refuse(request.user, detail)
