"""The shapes of links and invitations; no logic."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from documents.api.serializers import AnySerializer, PersonField, RoleField
from documents.models import INVITED_ROLES, LinkReach
from documents.permissions import Role

LESSER_ROLES = [(role.slug, role.label) for role in INVITED_ROLES]


@extend_schema_field(serializers.ChoiceField(LESSER_ROLES))
class LesserRoleField(RoleField):
    """A role below owner."""

    def to_internal_value(self, data: Any) -> Any:
        role = super().to_internal_value(data)
        if role not in INVITED_ROLES:
            raise serializers.ValidationError("Only a member can be made an owner.")
        return role


class LinkSerializer(AnySerializer):
    """A document's link."""

    reach = serializers.ChoiceField(LinkReach.choices, source="link_reach")
    role = LesserRoleField(source="link_role", default=Role.VIEWER)
    expires_at = serializers.DateTimeField(
        source="link_expires_at", default=None, allow_null=True, help_text="Null: for ever."
    )

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        """A time to come: to close the link at once, there is `restricted`."""
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError("This is past: choose a time to come, or null.")
        return value

    def to_change(self) -> dict[str, Any]:
        """The arguments of `documents.links.change_link`."""
        given = self.validated_data
        return {
            "reach": LinkReach(given["link_reach"]),
            "role": given["link_role"],
            "expires_at": given["link_expires_at"],
        }


class InvitationSerializer(AnySerializer):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    role = RoleField()
    inviter = PersonField(allow_null=True)
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(
        allow_null=True, help_text="Null if the mail could not be sent: invite again."
    )
    expires_at = serializers.DateTimeField()


class NewInvitationSerializer(AnySerializer):
    email = serializers.EmailField(max_length=254)
    role = LesserRoleField()


class InvitedDocumentSerializer(AnySerializer):
    id = serializers.UUIDField()
    title = serializers.CharField()


class ReceivedInvitationSerializer(AnySerializer):
    """An invitation as whoever holds its link sees it."""

    document = InvitedDocumentSerializer()
    email = serializers.EmailField(help_text="Where it was sent.")
    role = RoleField()
    inviter = PersonField(allow_null=True)
    expires_at = serializers.DateTimeField()
