"""The shapes of threads, messages and notifications; no logic."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from documents.anchoring import BadAnchor, read_position
from documents.api.serializers import AnySerializer, PersonField
from documents.api.serializers_sharing import InvitedDocumentSerializer
from documents.messages import MAX_MESSAGE_LENGTH
from documents.models import NotificationKind
from documents.placing import Anchor
from documents.threads import MAX_COMMENT_LENGTH

_POSITION = {
    "type": "object",
    "description": "A Yjs relative position, as Y.relativePositionToJSON gives it.",
    "additionalProperties": True,
}


@extend_schema_field(_POSITION)
class PositionField(serializers.JSONField):
    """A Yjs relative position as JSON."""


class RelativeSerializer(AnySerializer):
    start = PositionField()
    end = PositionField()


class NewAnchorSerializer(AnySerializer):
    """Code points of the plain text, or relative positions."""

    start = serializers.IntegerField(required=False, min_value=0, help_text="In code points.")
    end = serializers.IntegerField(required=False, min_value=0, help_text="Behind the last.")
    relative = RelativeSerializer(
        required=False, help_text="Instead of these: as Y.relativePositionToJSON gives them."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two, and whole."""
        if set(attrs) not in ({"start", "end"}, {"relative"}):
            raise serializers.ValidationError("Give start and end, or relative instead.")
        return attrs


class CommentTextSerializer(AnySerializer):
    text = serializers.CharField(
        max_length=MAX_COMMENT_LENGTH,
        help_text="@username tells somebody who may see the document.",
    )


class NewThreadSerializer(CommentTextSerializer):
    anchor = NewAnchorSerializer()

    def read_anchor(self) -> Anchor:
        """The anchor as `documents.placing` takes it; ValidationError."""
        given = self.validated_data["anchor"]
        if "relative" not in given:
            return Anchor(points=(given["start"], given["end"]))
        try:
            start, end = (read_position(given["relative"][x], where=x) for x in ("start", "end"))
        except BadAnchor as error:
            raise serializers.ValidationError({"anchor": {"relative": [str(error)]}}) from None
        return Anchor(positions=(start, end))


class CommentSerializer(AnySerializer):
    id = serializers.IntegerField()
    author = PersonField(allow_null=True)
    text = serializers.CharField()
    at = serializers.DateTimeField(source="created_at")
    edited_at = serializers.DateTimeField(allow_null=True)


class AnchorSerializer(AnySerializer):
    """Where the text is now, in code points."""

    start = serializers.IntegerField()
    end = serializers.IntegerField()


class ThreadSerializer(AnySerializer):
    """A thread where it is now (`documents.placing.PlacedThread`)."""

    id = serializers.IntegerField(source="thread.id")
    author = PersonField(source="thread.author", allow_null=True)
    created_at = serializers.DateTimeField(source="thread.created_at")
    resolved = serializers.SerializerMethodField()
    resolved_by = PersonField(source="thread.resolved_by", allow_null=True)
    resolved_at = serializers.DateTimeField(source="thread.resolved_at", allow_null=True)
    quote = serializers.CharField(
        source="thread.quote", help_text="The text as it was when the thread began."
    )
    anchor = AnchorSerializer(allow_null=True, help_text="Null when the text was removed.")
    removed = serializers.SerializerMethodField(help_text="Whether the text was removed.")
    relative = RelativeSerializer(source="*")
    comments = CommentSerializer(many=True)

    def get_resolved(self, placed: Any) -> bool:
        """Whether it is settled."""
        return placed.thread.resolved_at is not None

    def get_removed(self, placed: Any) -> bool:
        """Whether its text is gone."""
        return placed.anchor is None


class NewMessageSerializer(AnySerializer):
    text = serializers.CharField(max_length=MAX_MESSAGE_LENGTH)


class MessageSerializer(AnySerializer):
    id = serializers.IntegerField()
    user = PersonField(source="author", allow_null=True, help_text="Null for a guest.")
    text = serializers.CharField()
    at = serializers.DateTimeField(source="created_at")


class NotificationSerializer(AnySerializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(NotificationKind.choices)
    document = InvitedDocumentSerializer()
    actor = PersonField(allow_null=True, help_text="Who did it; null for a guest.")
    thread = serializers.IntegerField(source="thread_id", allow_null=True)
    comment = serializers.IntegerField(source="comment_id", allow_null=True)
    text = serializers.CharField(
        source="comment.text", default=None, allow_null=True, help_text="What the comment says."
    )
    at = serializers.DateTimeField(source="created_at")
    read = serializers.SerializerMethodField()

    def get_read(self, notification: Any) -> bool:
        """Whether the user has read it."""
        return notification.read_at is not None


class ReadSerializer(AnySerializer):
    read = serializers.BooleanField()


class UnreadSerializer(AnySerializer):
    unread = serializers.IntegerField(help_text="How many are unread.")
