"""Versions: what a document was, under a name."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from documents.api.access import find_document
from documents.api.base import ApiView
from documents.api.edits import author_of
from documents.api.lists import list_versions
from documents.api.pagination import page_of, respond_whole
from documents.api.serializers import NewVersionSerializer, SeqSerializer, VersionSerializer
from documents.edits import restore_snapshot
from documents.models import Snapshot
from documents.permissions import Action
from documents.snapshots import create_snapshot


class VersionsView(ApiView):
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="documents_versions_list", responses=page_of(VersionSerializer))
    def get(self, request: Request, document_id: uuid.UUID) -> Response:
        """The versions, newest first."""
        return respond_whole(list_versions(user=request.user, document_id=document_id))

    @extend_schema(request=NewVersionSerializer, responses={201: VersionSerializer})
    def post(self, request: Request, document_id: uuid.UUID) -> Response:
        """Keep the document as it is now, under a label."""
        document = find_document(request, document_id, Action.CREATE_VERSION).document
        serializer = NewVersionSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        version = create_snapshot(
            document=document,
            label=serializer.validated_data["label"],
            author=author_of(request),
        )
        return Response(VersionSerializer(version).data, status=status.HTTP_201_CREATED)


class RestoreView(ApiView):
    permission_classes = (AllowAny,)

    @extend_schema(request=None, responses=SeqSerializer)
    def post(self, request: Request, document_id: uuid.UUID, version_id: int) -> Response:
        """Bring a version back, as an edit that everybody sees and that can be undone again.

        It undoes everything logged before its own seq that the version lacks.
        """
        document = find_document(request, document_id, Action.RESTORE_VERSION).document
        version = find_version(document_id, version_id)
        seq = restore_snapshot(document=document, snapshot=version, author=author_of(request))
        return Response({"seq": seq})


def find_version(document_id: uuid.UUID, version_id: int) -> Snapshot:
    """A version of this document; NotFound if there is none of that id."""
    versions = Snapshot.objects.filter(document_id=document_id).exclude(label="")
    version = versions.filter(id=version_id).first()
    if version is None:
        raise NotFound("There is no such version.")
    return version
