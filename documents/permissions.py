"""The one place that decides who may what; HTTP and sockets both ask here."""

from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from documents.models import Document, LinkReach, Membership
from documents.roles import Action, Role, abilities, allows

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

__all__ = [
    "Action",
    "Role",
    "abilities",
    "allows",
    "effective_role",
    "link_role",
    "role_for",
    "visible_documents",
]


def link_role(document: Document, *, signed_in: bool) -> Role | None:
    """What the document's link alone gives to a signed-in or anonymous visitor."""
    expired = document.link_expires_at is not None and document.link_expires_at <= timezone.now()
    if expired or document.link_reach == LinkReach.RESTRICTED:
        return None
    if document.link_reach == LinkReach.SIGNED_IN and not signed_in:
        return None
    return Role(document.link_role)


def effective_role(
    document: Document, member_role: int | None, *, signed_in: bool
) -> Role | None:
    """The greater of what membership and link give; None if neither lets anyone in."""
    roles = [link_role(document, signed_in=signed_in)]
    if member_role is not None:
        roles.append(Role(member_role))
    return max((role for role in roles if role is not None), default=None)


def role_for(
    user: "AbstractBaseUser | AnonymousUser | None", document: Document
) -> Role | None:
    """The user's role in the document now (one query); a deactivated user has none."""
    signed_in = user is not None and user.is_authenticated
    if signed_in and not user.is_active:
        return None
    member_role = None
    if signed_in:
        member_role = (
            Membership.objects.filter(document=document, user_id=user.pk)
            .values_list("role", flat=True)
            .first()
        )
    return effective_role(document, member_role, signed_in=signed_in)


def visible_documents(user: Any) -> QuerySet[Document]:
    """The documents, trashed ones included, that the user is a member of."""
    return Document.objects.filter(Q(memberships__user_id=user.pk))
