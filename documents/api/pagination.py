"""Lists as the API answers them: {results, next}."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.core import signing
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param


class ListCursor(CursorPagination):
    """Pages by position, not by number: constant cost, and nothing twice when things move.

    The cursor is signed with its ordering, so that none can be made up that fits no column.
    """

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def __init__(self, ordering: tuple[str, ...]) -> None:
        self._chosen = ordering

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:  # noqa: ARG002
        """The ordering that the view chose."""
        return self._chosen

    def get_page_size(self, request: Request) -> int | None:
        """As many as the request asks for, within bounds; what asks without HTTP has its own."""
        return getattr(request, "page_size", None) or super().get_page_size(request)

    def encode_cursor(self, cursor: Cursor) -> str:
        """The address of the page at the cursor."""
        signed = signing.dumps(list(cursor), salt=self._salt())
        return replace_query_param(self.base_url or "", self.cursor_query_param, signed)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The cursor of the request; ValidationError for one that this list did not give."""
        signed = request.query_params.get(self.cursor_query_param)
        if signed is None:
            return None
        try:
            return Cursor(*signing.loads(signed, salt=self._salt()))
        except signing.BadSignature:
            raise ValidationError(
                {"cursor": ["Not a cursor of this list: follow `next` as it was given."]}
            ) from None

    def get_paginated_response(self, data: Any) -> Response:
        """The page."""
        return Response({"results": data, "next": self.get_next_link()})

    def _salt(self) -> str:
        return "documents.cursor." + ",".join(self._chosen)


def respond_whole(results: Any) -> Response:
    """A list that is never long enough for pages, in the shape of those that are."""
    return Response({"results": results, "next": None})


class PageQuery(serializers.Serializer[Any]):
    """Which page."""

    cursor = serializers.CharField(required=False, help_text="As given in `next`.")
    page_size = serializers.IntegerField(
        required=False, min_value=1, max_value=ListCursor.max_page_size
    )


@cache
def page_of(
    serializer: type[serializers.Serializer[Any]], **more: serializers.Field[Any, Any, Any, Any]
) -> Any:
    """For the schema: a page of these, with more fields beside them."""
    name = serializer.__name__.removesuffix("Serializer") + "Page"
    fields: Mapping[str, Any] = {
        "results": serializer(many=True),
        "next": serializers.URLField(allow_null=True, help_text="The next page, or null."),
        **more,
    }
    return inline_serializer(name, dict(fields))
