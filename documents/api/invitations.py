"""Invitations: sent by owners, and redeemed by whoever holds the mailed link."""

import uuid

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from documents.api.access import find_document
from documents.api.base import ApiView
from documents.api.lists import list_invitations
from documents.api.pagination import page_of, respond_whole
from documents.api.serializers import DocumentSerializer
from documents.api.serializers_sharing import (
    InvitationSerializer,
    NewInvitationSerializer,
    ReceivedInvitationSerializer,
)
from documents.invitations import (
    accept_invitation,
    invite,
    open_invitations,
    read_token,
    withdraw_invitation,
)
from documents.permissions import Action


class InvitationsView(ApiView):
    @extend_schema(
        operation_id="documents_invitations_list", responses=page_of(InvitationSerializer)
    )
    def get(self, request: Request, document_id: uuid.UUID) -> Response:
        """The invitations that wait for an answer, newest first; expired ones among them."""
        return respond_whole(list_invitations(user=request.user, document_id=document_id))

    @extend_schema(
        request=NewInvitationSerializer,
        responses={
            201: InvitationSerializer,
            200: OpenApiResponse(InvitationSerializer, description="Sent again."),
        },
    )
    def post(self, request: Request, document_id: uuid.UUID) -> Response:
        """Mail somebody a link that makes its holder a member; once more, it is sent again.

        409 if a member has this address; 429 for too many. `sent_at` is null if the mail could
        not be sent.
        """
        document = find_document(request, document_id, Action.MANAGE_MEMBERS).document
        serializer = NewInvitationSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        invitation, is_new = invite(
            document=document,
            inviter=request.user,
            url_of=lambda token: request.build_absolute_uri(f"/invitations/{token}/"),
            **serializer.validated_data,
        )
        return Response(
            InvitationSerializer(invitation).data,
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
        )


class InvitationView(ApiView):
    @extend_schema(responses={204: None})
    def delete(
        self, request: Request, document_id: uuid.UUID, invitation_id: uuid.UUID
    ) -> Response:
        """Withdraw it: its link lets nobody in any more."""
        document = find_document(request, document_id, Action.MANAGE_MEMBERS).document
        invitation = open_invitations(document.id).filter(id=invitation_id).first()
        if invitation is None:
            raise NotFound("There is no such invitation.")
        withdraw_invitation(invitation=invitation)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ReceivedInvitationView(ApiView):
    permission_classes = (AllowAny,)

    @extend_schema(responses=ReceivedInvitationSerializer)
    def get(self, request: Request, token: str) -> Response:  # noqa: ARG002
        """What the link in a mail invites to; 404 if it was used, withdrawn or has expired."""
        return Response(ReceivedInvitationSerializer(read_token(token)).data)


class AcceptInvitationView(ApiView):
    @extend_schema(request=None, responses=DocumentSerializer)
    def post(self, request: Request, token: str) -> Response:
        """Become a member by the link in a mail; answers with the document.

        Whoever holds the link may, once. Who may as much already uses nothing up.
        """
        document = accept_invitation(token=token, user=request.user)
        return Response(DocumentSerializer(find_document(request, document.id, Action.READ)).data)
