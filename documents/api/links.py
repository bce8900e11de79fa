"""A document's link."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from documents.api.access import find_document
from documents.api.base import ApiView
from documents.api.serializers_sharing import LinkSerializer
from documents.links import change_link
from documents.permissions import Action


class LinkView(ApiView):
    @extend_schema(responses=LinkSerializer)
    def get(self, request: Request, document_id: uuid.UUID) -> Response:
        """Whom the link lets in, and as what."""
        document = find_document(request, document_id, Action.READ).document
        return Response(LinkSerializer(document).data)

    @extend_schema(request=LinkSerializer, responses=LinkSerializer)
    def put(self, request: Request, document_id: uuid.UUID) -> Response:
        """Say whom the link lets in. What is left out is: a viewer, and for ever.

        It adds to what members may, and takes nothing from them. Whoever has the document open
        by it hears of the change at once.
        """
        document = find_document(request, document_id, Action.MANAGE_MEMBERS).document
        serializer = LinkSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        change_link(document=document, **serializer.to_change())
        return Response(LinkSerializer(document).data)
