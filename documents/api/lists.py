"""The lists that REST answers and that live requests follow: the same items from one place.

Each takes the user and what it is a list of, checks what they may see, and gives JSON-ready
items with a stable `id`. All raise what `documents.access.require_access` raises.
"""

import uuid
from typing import Any

from documents.access import require_access
from documents.api.serializers import MemberSerializer, VersionSerializer
from documents.api.serializers_sharing import InvitationSerializer
from documents.invitations import open_invitations
from documents.models import Membership, Snapshot
from documents.permissions import Action

Items = list[dict[str, Any]]


def list_members(*, user: Any, document_id: uuid.UUID) -> Items:
    """The members, owners first."""
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


def _render(serializer: Any) -> Items:
    return [dict(item) for item in serializer.data]
