"""Finding a document for somebody, and refusing what they may not do; HTTP and sockets alike."""

import uuid
from typing import TYPE_CHECKING, NoReturn

from documents.errors import DocumentMissing, Forbidden, SignInRequired
from documents.models import Document
from documents.permissions import Access, Action, access_to, allows, with_role

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

MISSING = "There is no such document."


def require_access(
    *, user: "AbstractBaseUser | AnonymousUser", document_id: uuid.UUID, action: Action
) -> Access:
    """The document, if the user may do this to it (two queries).

    Raises DocumentMissing for who may not even see it, SignInRequired for who is not signed in
    and might then, Forbidden for who sees it but may not do this.
    """
    documents = with_role(Document.objects.filter(trashed_at=None), user)
    document = documents.filter(id=document_id).first()
    access = None if document is None else access_to(document, user)
    if access is None:
        refuse_sight(user)
    if not allows(access.role, action):
        words = action.value.replace("_", " ")
        refuse(user, f"As {access.role.slug} you may not {words} here.")
    return access


def require_user(user: "AbstractBaseUser | AnonymousUser") -> None:
    """Raise SignInRequired for a visitor: what is asked for is not for them, link or not."""
    if not user.is_authenticated:
        raise SignInRequired("Sign in first.")


def refuse_sight(user: "AbstractBaseUser | AnonymousUser") -> NoReturn:
    """There is no such document, or one has to sign in to see it."""
    if not user.is_authenticated:
        raise SignInRequired("Sign in to see whether there is something here for you.")
    raise DocumentMissing(MISSING)


def refuse(user: "AbstractBaseUser | AnonymousUser", detail: str) -> NoReturn:
    """Somebody sees the document but may not do this: not as who they are now."""
    if not user.is_authenticated:
        raise SignInRequired(detail)
    raise Forbidden(detail)
