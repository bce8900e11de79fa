"""What the OpenAPI description says of every endpoint alike."""

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

Direction = Literal["request", "response"]

PROBLEM_MEDIA_TYPE = "application/problem+json"


class ProblemSerializer(serializers.Serializer[Any]):
    """A failure (RFC 9457)."""

    type = serializers.CharField(help_text="Always about:blank: the status says it all.")
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What was wrong and what to do.")
    errors = serializers.DictField(  # type: ignore[assignment]  # RFC 9457 leaves room for it
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="Messages by field; `request` for the request as a whole.",
    )


class ProblemSchema(AutoSchema):
    """Adds the problem details that any endpoint can answer with."""

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        problem = self._get_response_for_code(  # type: ignore[no-untyped-call]
            ProblemSerializer, "default", [PROBLEM_MEDIA_TYPE]
        )
        return bodies | {"default": problem | {"description": "What went wrong."}}
