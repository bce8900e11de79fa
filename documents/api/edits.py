"""Editing over REST: raw updates and operations."""

import uuid
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from documents.api.access import find_document
from documents.api.base import ApiView
from documents.api.parsers import UpdateParser
from documents.api.serializers import EditsSerializer, SeqSerializer
from documents.edits import append_raw_update, apply_ops
from documents.permissions import Action


class UpdatesView(ApiView):
    permission_classes = (AllowAny,)
    parser_classes = (UpdateParser,)

    @extend_schema(
        request={"application/octet-stream": OpenApiTypes.BINARY}, responses=SeqSerializer
    )
    def post(self, request: Request, document_id: uuid.UUID) -> Response:
        """Append one Yjs v1 update, of at most 64 MiB.

        One that changes nothing answers with the head; 409 if it builds on what is not
        here, or if other content is here under its client id.
        """
        document = find_document(request, document_id, Action.EDIT).document
        update = request.data if isinstance(request.data, bytes) else b""
        seq = append_raw_update(document=document, update=update, author=author_of(request))
        return Response({"seq": seq})


class EditsView(ApiView):
    permission_classes = (AllowAny,)

    @extend_schema(request=EditsSerializer, responses=SeqSerializer)
    def post(self, request: Request, document_id: uuid.UUID) -> Response:
        """Apply operations in order, all or none.

        On text `{"insert": "...", "at": 0}`, `{"delete": 3, "at": 0}`, `{"replace": "..."}`, with
        positions in code points; on rich text `{"append": "markdown"}` and
        `{"replace": "markdown"}`.
        """
        document = find_document(request, document_id, Action.EDIT).document
        serializer = EditsSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        seq = apply_ops(
            document=document, ops=serializer.validated_data["ops"], author=author_of(request)
        )
        return Response({"seq": seq})


def author_of(request: Request) -> Any:
    """The signed-in user; None for a visitor whom the link lets in."""
    return request.user if request.user.is_authenticated else None
