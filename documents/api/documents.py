"""Documents: list, create, look at, rename, throw away, copy."""

import uuid
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from documents.api.access import find_document, find_trashed
from documents.api.base import ApiView
from documents.api.edits import author_of
from documents.api.lists import (
    ORDERINGS,
    SCOPES,
    order_documents,
    own_documents,
    render_documents,
)
from documents.api.pagination import ListCursor, PageQuery, page_of
from documents.api.serializers import (
    DocumentChangesSerializer,
    DocumentSerializer,
    DuplicationSerializer,
    NewDocumentSerializer,
)
from documents.edits import change_root
from documents.lifecycle import (
    create_document,
    duplicate_document,
    purge_document,
    rename_document,
    trash_document,
    untrash_document,
)
from documents.models import Document
from documents.permissions import Action

if TYPE_CHECKING:
    from documents.permissions import RoledDocument


class ListQuery(PageQuery):
    q = serializers.CharField(
        required=False, allow_blank=True, default="", help_text="Part of the title."
    )
    scope = serializers.ChoiceField(SCOPES, default="all")
    ordering = serializers.ChoiceField(ORDERINGS, default=ORDERINGS[0])


class DocumentsView(ApiView):
    @extend_schema(
        operation_id="documents_list",
        parameters=[ListQuery],
        responses=page_of(DocumentSerializer),
    )
    def get(self, request: Request) -> Response:
        """The documents that one is a member of."""
        query = ListQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        chosen = query.validated_data
        documents = own_documents(request.user, q=chosen["q"], scope=chosen["scope"])
        return _respond_with_page(self, documents, chosen["ordering"])

    @extend_schema(request=NewDocumentSerializer, responses={201: DocumentSerializer})
    def post(self, request: Request) -> Response:
        """Create a document."""
        serializer = NewDocumentSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        document = create_document(owner=request.user, **serializer.validated_data)
        return _respond_created(request, document)


class DocumentView(ApiView):
    permission_classes = (AllowAny,)

    @extend_schema(responses=DocumentSerializer)
    def get(self, request: Request, document_id: uuid.UUID) -> Response:
        """One document: what is about it, and what one may do with it."""
        access = find_document(request, document_id, Action.READ)
        return Response(DocumentSerializer(access).data)

    @extend_schema(request=DocumentChangesSerializer, responses=DocumentSerializer)
    def patch(self, request: Request, document_id: uuid.UUID) -> Response:
        """Rename it, or say at which root its content is.

        Another root moves nothing: it is where content, exports and edits look from now on. It
        counts as an edit, and takes a seq. Editors that are open go on with the root they have.
        """
        access = find_document(request, document_id, Action.RENAME)
        serializer = DocumentChangesSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        changes = serializer.validated_data
        if not changes.keys() & {"title", "root"}:
            raise ValidationError({"title": ["Give a title, or a root (and its kind)."]})
        if "kind" in changes and "root" not in changes:
            raise ValidationError({"kind": ["Give it together with the root that it describes."]})
        if "root" in changes:
            change_root(
                document=access.document,
                kind=changes.get("kind", access.document.kind),
                root=changes["root"],
                author=author_of(request),
            )
        if "title" in changes:
            rename_document(document=access.document, title=changes["title"])
        return Response(DocumentSerializer(access).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, document_id: uuid.UUID) -> Response:
        """Move it to the trash; everybody who has it open is told that it is gone."""
        access = find_document(request, document_id, Action.TRASH)
        trash_document(document=access.document)
        return Response(status=status.HTTP_204_NO_CONTENT)


class TrashView(ApiView):
    @extend_schema(operation_id="documents_trash_list", responses=page_of(DocumentSerializer))
    def get(self, request: Request) -> Response:
        """The documents in the trash that one owns."""
        documents = own_documents(request.user, scope="owned", in_trash=True)
        return _respond_with_page(self, documents, "-trashed_at")


class UntrashView(ApiView):
    @extend_schema(request=None, responses=DocumentSerializer)
    def post(self, request: Request, document_id: uuid.UUID) -> Response:
        """Bring it back from the trash."""
        access = find_trashed(request, document_id)
        untrash_document(document=access.document)
        return Response(DocumentSerializer(access).data)


class PurgeView(ApiView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, document_id: uuid.UUID) -> Response:
        """Delete it for good, with its history; 409 unless it is in the trash."""
        purge_document(document=find_trashed(request, document_id).document)
        return Response(status=status.HTTP_204_NO_CONTENT)


class DuplicateView(ApiView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=DuplicationSerializer, responses={201: DocumentSerializer})
    def post(self, request: Request, document_id: uuid.UUID) -> Response:
        """Make a copy of the content as it is now, that one owns oneself."""
        access = find_document(request, document_id, Action.DUPLICATE)
        serializer = DuplicationSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        document = duplicate_document(
            document=access.document, owner=request.user, title=serializer.validated_data["title"]
        )
        return _respond_created(request, document)


def _respond_with_page(
    view: ApiView, documents: "QuerySet[RoledDocument]", ordering: str
) -> Response:
    documents, columns = order_documents(documents, ordering)
    paginator = ListCursor(columns)
    page = paginator.paginate_queryset(documents, view.request, view) or []
    return paginator.get_paginated_response(render_documents(page))


def _respond_created(request: Request, document: Document) -> Response:
    access = find_document(request, document.id, Action.READ)
    return Response(
        DocumentSerializer(access).data,
        status=status.HTTP_201_CREATED,
        headers={"Location": reverse("document", args=[document.id])},
    )
