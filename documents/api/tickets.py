"""Tickets for sockets."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from documents.api.access import find_document
from documents.api.base import ApiView
from documents.api.serializers import NewTicketSerializer, TicketSerializer
from documents.permissions import Action
from documents.tickets import issue_ticket


class TicketView(ApiView):
    @extend_schema(request=NewTicketSerializer, responses=TicketSerializer)
    def post(self, request: Request, document_id: uuid.UUID) -> Response:
        """A pass to this document for sockets without cookies; worth what its user may do."""
        document = find_document(request, document_id, Action.READ).document
        serializer = NewTicketSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        ticket, expires_at = issue_ticket(
            user=request.user,
            document=document,
            expires_in_seconds=serializer.validated_data["expires_in"],
        )
        return Response(TicketSerializer({"ticket": ticket, "expires_at": expires_at}).data)
