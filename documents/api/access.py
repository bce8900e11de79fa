"""Finding a document for a request, and refusing what its user may not do."""

import uuid
from typing import TYPE_CHECKING, NoReturn

from rest_framework.exceptions import NotAuthenticated, NotFound, PermissionDenied
from rest_framework.request import Request

from documents.models import Document
from documents.permissions import Access, Action, Role, access_to, allows, with_role

if TYPE_CHECKING:
    from documents.permissions import RoledDocument

_MISSING = "There is no such document."


def find_document(request: Request, document_id: uuid.UUID, action: Action) -> Access:
    """The document, if the user may do this to it.

    Who may not see it is told that there is none (401 for who is not signed in); who sees it
    but may not do this gets 403.
    """
    document = with_role(Document.objects.filter(trashed_at=None), request.user).filter(
        id=document_id
    )
    access = _access_of(request, document.first())
    if not allows(access.role, action):
        refuse(request, f"As {access.role.slug} you may not {action.value.replace('_', ' ')} here.")
    return access


def find_trashed(request: Request, document_id: uuid.UUID) -> Access:
    """A document that its owner may bring back or purge: 404 for everybody else."""
    document = with_role(Document.objects.filter(id=document_id), request.user).first()
    access = _access_of(request, document)
    if access.role != Role.OWNER:
        if access.document.trashed_at is None:
            refuse(request, "Only an owner may do this.")
        raise NotFound(_MISSING)
    return access


def refuse(request: Request, detail: str) -> NoReturn:
    """403, or 401 for somebody who might only have to sign in."""
    if not request.user.is_authenticated:
        raise NotAuthenticated
    raise PermissionDenied(detail)


def _access_of(request: Request, document: "RoledDocument | None") -> Access:
    access = None if document is None else access_to(document, request.user)
    if access is not None:
        return access
    if not request.user.is_authenticated:
        raise NotAuthenticated
    raise NotFound(_MISSING)
