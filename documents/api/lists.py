"""Lists that are never long enough for pages, and how lists of documents are chosen.

Each takes the user and what it is a list of, checks what they may see, and gives JSON-ready
items. All raise what `documents.access.require_access` raises.
"""

import re
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.db.models.functions import Lower

from documents.access import require_access, require_user
from documents.api.serializers import DocumentSerializer, MemberSerializer, VersionSerializer
from documents.api.serializers_sharing import InvitationSerializer
from documents.api.serializers_talk import (
    ThreadSerializer,
)
from documents.invitations import open_invitations
from documents.models import Document, Membership, Snapshot
from documents.permissions import Access, Action, Role, with_role
from documents.placing import place_threads
from documents.threads import threads_of

if TYPE_CHECKING:
    from documents.permissions import RoledDocument

Items = list[dict[str, Any]]
SCOPES = ["all", "owned", "shared"]
ORDERINGS = ["-updated_at", "updated_at", "-created_at", "created_at", "title", "-title"]


def own_documents(
    user: Any, *, q: str = "", scope: str = "all", in_trash: bool = False
) -> "QuerySet[RoledDocument]":
    """Those that the user is a member of: `q` is part of the title, `scope` one of SCOPES."""
    documents = with_role(Document.objects.filter(trashed_at__isnull=not in_trash), user)
    documents = documents.exclude(member_role=None)
    if q:
        # SQLite's LIKE, which is `icontains`, knows the case of ASCII letters only.
        documents = documents.filter(title__iregex=re.escape(q))
    match scope:
        case "owned":
            return documents.filter(member_role=Role.OWNER)
        case "shared":
            return documents.exclude(member_role=Role.OWNER)
        case _:
            return documents


def order_documents(
    documents: "QuerySet[RoledDocument]", ordering: str
) -> "tuple[QuerySet[RoledDocument], tuple[str, str]]":
    """The documents, and the columns that put them in this order."""
    way = "-" if ordering.startswith("-") else ""
    if ordering.endswith("title"):
        documents = documents.annotate(title_key=Lower("title"))
        ordering = f"{way}title_key"
    return documents, (ordering, f"{way}id")


def render_documents(documents: "Iterable[RoledDocument]") -> Items:
    """Documents that came through `own_documents` as items."""
    accesses = [Access(document, Role(document.member_role or 0)) for document in documents]
    return _render(DocumentSerializer(accesses, many=True))


def list_members(*, user: Any, document_id: uuid.UUID) -> Items:
    """The members, owners first; not for visitors."""
    require_user(user)
    document = require_access(user=user, document_id=document_id, action=Action.READ).document
    members = Membership.objects.filter(document=document).select_related("user")
    return _render(MemberSerializer(members, many=True))


def list_versions(*, user: Any, document_id: uuid.UUID) -> Items:
    """The versions, newest first."""
    document = require_access(user=user, document_id=document_id, action=Action.READ).document
    versions = Snapshot.objects.filter(document=document).exclude(label="")
    versions = versions.select_related("author").defer("state")
    return _render(VersionSerializer(versions, many=True))


def list_invitations(*, user: Any, document_id: uuid.UUID) -> Items:
    """The invitations that wait for an answer, newest first."""
    access = require_access(user=user, document_id=document_id, action=Action.MANAGE_MEMBERS)
    return _render(InvitationSerializer(open_invitations(access.document.id), many=True))


def list_threads(*, user: Any, document_id: uuid.UUID) -> Items:
    """The threads, oldest first, with where their text is now."""
    document = require_access(user=user, document_id=document_id, action=Action.READ).document
    placed = place_threads(document=document, threads=threads_of(document))
    return _render(ThreadSerializer(placed, many=True))


def _render(serializer: Any) -> Items:
    return [dict(item) for item in serializer.data]
