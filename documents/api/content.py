"""Reading a document: its content, its exports, who is in it."""

import uuid
from dataclasses import fields
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from documents import crdt
from documents.api.access import find_document
from documents.api.base import ApiView
from documents.api.pagination import page_of, respond_whole
from documents.api.serializers import AnySerializer, ConnectionSerializer, ContentSerializer
from documents.api.versions import find_version
from documents.content import build_document
from documents.export import (
    FORMATS,
    UnknownFormat,
    list_roots,
    read_root,
    render,
    require_root,
    safe_file_name,
)
from documents.models import Document
from documents.permissions import Action
from documents.presence import read_roster


class ReadingView(ApiView):
    """Open to whom the document's link lets in, signed in or not."""

    permission_classes = (AllowAny,)


class RootQuery(AnySerializer):
    root: Any = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        help_text="The name of a root to read; without it, the document's own.",
    )


class ContentView(ReadingView):
    @extend_schema(
        parameters=[
            RootQuery,
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="An ETag."),
        ],
        responses={200: ContentSerializer, 304: OpenApiResponse(description="Still the same.")},
    )
    def get(self, request: Request, document_id: uuid.UUID) -> HttpResponseBase:
        """The content as committed: one root as what it is, and the types of all.

        `text` is what a text or rich text (`xml`) says, in whose code points positions are given.
        `content` is the Tiptap JSON of rich text, in the words of its editor's own schema;
        `delta` the Quill delta of a text that has formats or embeds; `value` the JSON of a map or
        an array, as `toJSON()` in a browser. What JSON has no word for is null there, and binary
        data a list of its bytes. The ETag is the quoted seq. 404 where there is no such root.
        """
        document = find_document(request, document_id, Action.READ).document
        unchanged = get_conditional_response(request, etag=f'"{document.head_seq}"')
        if unchanged is not None:
            return unchanged
        query = RootQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        built = build_document(document_id=document.id)
        if built.seq != document.head_seq:
            # Its root may have been changed since: the old one would keep the new ETag.
            document.refresh_from_db(fields=["kind", "root"])
        roots = list_roots(doc=built.doc, kind=document.kind, root=document.root)
        name = query.validated_data.get("root", document.root)
        require_root(name, roots)
        read = read_root(doc=built.doc, kind=_kind_of(document, name), root=name)
        held = {each.name: getattr(read, each.name) for each in fields(read)}
        content = {
            "kind": document.kind,
            "root": name,
            "seq": built.seq,
            # What a root does not have is left out.
            **{key: value for key, value in held.items() if value is not None},
            "roots": {each: {"type": found} for each, found in roots.items()},
        }
        headers = {"ETag": f'"{built.seq}"', "Cache-Control": "private, no-cache"}
        return Response(content, headers=headers)


class ExportQuery(RootQuery):
    format = serializers.ChoiceField(list(FORMATS))
    version = serializers.IntegerField(
        required=False, help_text="The id of a version; without it, the document as it is now."
    )


class ExportView(ReadingView):
    @extend_schema(
        parameters=[ExportQuery],
        responses={
            (200, chosen.media_type.split(";")[0]): (
                OpenApiTypes.BINARY if chosen.name == "yjs" else OpenApiTypes.STR
            )
            for chosen in FORMATS.values()
        },
    )
    def get(self, request: Request, document_id: uuid.UUID) -> HttpResponse:
        """Download one root of the document, or of one of its versions.

        As `json` rich text and text are a Tiptap document, a map or an array is its value (see
        `content/`); those have no other format but `yjs`, which is always the whole document.
        """
        document = find_document(request, document_id, Action.EXPORT).document
        chosen = FORMATS.get(request.query_params.get("format", ""))
        if chosen is None:
            raise UnknownFormat(f"Choose one of {', '.join(FORMATS)}.")
        query = ExportQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        version_id = query.validated_data.get("version")
        if version_id is None:
            doc = build_document(document_id=document.id).doc
        else:
            doc = crdt.build([bytes(find_version(document.id, version_id).state)])
        name = query.validated_data.get("root", document.root)
        require_root(name, list_roots(doc=doc, kind=document.kind, root=document.root))
        exported = render(
            doc=doc,
            kind=_kind_of(document, name),
            root=name,
            title=document.title,
            format=chosen.name,
        )
        return HttpResponse(
            exported,
            content_type=chosen.media_type,
            headers={
                "Content-Disposition": _attach(safe_file_name(document.title, chosen.extension)),
                "Cache-Control": "private, no-cache",
                "X-Content-Type-Options": "nosniff",
            },
        )


class PresenceView(ReadingView):
    @extend_schema(operation_id="documents_presence_list", responses=page_of(ConnectionSerializer))
    def get(self, request: Request, document_id: uuid.UUID) -> Response:
        """Who has it open now."""
        document = find_document(request, document_id, Action.READ).document
        roster = read_roster(document_id=document.id)
        return respond_whole(ConnectionSerializer(roster, many=True).data)


def _kind_of(document: Document, root: str) -> str | None:
    """Only the document's own root has a kind: what it is as long as nothing is in it."""
    return document.kind if root == document.root else None


def _attach(file_name: str) -> str:
    """Content-Disposition with the name in UTF-8 (RFC 5987), and in ASCII for old clients."""
    plain = file_name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"
