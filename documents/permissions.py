"""The one place that decides who may what; HTTP and sockets both ask here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict

from django.db.models import Exists, F, FilteredRelation, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from documents.models import Document, LinkReach, Membership
from documents.roles import Action, Role, abilities, allows

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
    from django_stubs_ext import WithAnnotations

__all__ = [
    "Access",
    "Action",
    "Role",
    "abilities",
    "access_to",
    "allows",
    "effective_role",
    "link_ends_at",
    "link_role",
    "may_see",
    "role_for",
    "visible_to",
    "with_role",
]


class Roles(TypedDict):
    """What `with_role` adds to each document."""

    member_role: int | None
    owners: list[Membership]


if TYPE_CHECKING:
    # A document that came through `with_role`.
    RoledDocument = WithAnnotations[Document, Roles]


@dataclass(frozen=True, slots=True)
class Access:
    """A document as one person has it: what they are in it."""

    document: "RoledDocument"
    role: Role

    @property
    def owner(self) -> "AbstractBaseUser | None":
        """Who owns it; of several the first. None if nobody is left."""
        return self.document.owners[0].user if self.document.owners else None


def link_role(document: Document, *, signed_in: bool) -> Role | None:
    """What the document's link alone gives to a signed-in or anonymous visitor."""
    expired = document.link_expires_at is not None and document.link_expires_at <= timezone.now()
    if expired or document.link_reach == LinkReach.RESTRICTED:
        return None
    if document.link_reach == LinkReach.SIGNED_IN and not signed_in:
        return None
    return Role(document.link_role)


def link_ends_at(document: Document) -> datetime | None:
    """When the link, which is open now, ends; None if it does not, or is not open."""
    if link_role(document, signed_in=True) is None:
        return None
    return document.link_expires_at


def effective_role(document: Document, member_role: int | None, *, signed_in: bool) -> Role | None:
    """The greater of what membership and link give; None if neither lets anyone in."""
    roles = [link_role(document, signed_in=signed_in)]
    if member_role is not None:
        roles.append(Role(member_role))
    return max((role for role in roles if role is not None), default=None)


def role_for(user: "AbstractBaseUser | AnonymousUser | None", document: Document) -> Role | None:
    """The user's role in the document now (one query); a deactivated user has none."""
    if user is None or not user.is_authenticated:
        return effective_role(document, None, signed_in=False)
    if not user.is_active:
        return None
    member_role = (
        Membership.objects.filter(document=document, user_id=user.pk)
        .values_list("role", flat=True)
        .first()
    )
    return effective_role(document, member_role, signed_in=True)


def visible_to(user: "AbstractBaseUser") -> Q:
    """Of documents: those that a signed-in, active user may see, by membership or by link."""
    by_link = Q(link_reach__in=[LinkReach.SIGNED_IN, LinkReach.ANYONE]) & (
        Q(link_expires_at=None) | Q(link_expires_at__gt=timezone.now())
    )
    member = Membership.objects.filter(document=OuterRef("pk"), user_id=user.pk)
    return Q(trashed_at=None) & (by_link | Q(Exists(member)))


def may_see(document: Document, user_ids: Iterable[Any]) -> set[Any]:
    """Those of the users who may see the document: one query at most; all must be active."""
    user_ids = set(user_ids)
    if not user_ids or link_role(document, signed_in=True) is not None:
        return user_ids
    members = Membership.objects.filter(document=document, user_id__in=user_ids)
    return set(members.values_list("user_id", flat=True))


def with_role(
    documents: QuerySet[Document], user: "AbstractBaseUser | AnonymousUser"
) -> "QuerySet[RoledDocument]":
    """Annotate what `access_to` needs, and who owns it: one query more, however many."""
    owners = (
        Membership.objects.filter(role=Role.OWNER)
        .select_related("user")
        .order_by("created_at", "id")
    )
    return documents.annotate(
        mine=FilteredRelation("memberships", condition=Q(memberships__user_id=user.pk)),
        member_role=F("mine__role"),
    ).prefetch_related(Prefetch("memberships", queryset=owners, to_attr="owners"))


def access_to(
    document: "RoledDocument", user: "AbstractBaseUser | AnonymousUser"
) -> "Access | None":
    """What the user may in a document that came through `with_role`; no query."""
    signed_in = user.is_authenticated
    if signed_in and not user.is_active:
        return None
    role = effective_role(document, document.member_role, signed_in=signed_in)
    return None if role is None else Access(document, role)
