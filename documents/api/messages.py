"""A document's chat."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from documents.api.access import find_document
from documents.api.base import ApiView
from documents.api.edits import author_of
from documents.api.pagination import ListCursor, PageQuery, page_of
from documents.api.serializers_talk import MessageSerializer, NewMessageSerializer
from documents.messages import messages_of, post_message
from documents.permissions import Action


class MessagesView(ApiView):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="documents_messages_list",
        parameters=[PageQuery],
        responses=page_of(MessageSerializer),
    )
    def get(self, request: Request, document_id: uuid.UUID) -> Response:
        """What was said in the document's chat, newest first."""
        document = find_document(request, document_id, Action.READ).document
        paginator = ListCursor(("-id",))
        page = paginator.paginate_queryset(messages_of(document), request, self) or []
        return paginator.get_paginated_response(MessageSerializer(page, many=True).data)

    @extend_schema(request=NewMessageSerializer, responses={201: MessageSerializer})
    def post(self, request: Request, document_id: uuid.UUID) -> Response:
        """Say something to everybody in the document."""
        document = find_document(request, document_id, Action.COMMENT).document
        serializer = NewMessageSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        message = post_message(
            document=document, author=author_of(request), text=serializer.validated_data["text"]
        )
        return Response(MessageSerializer(message).data, status=status.HTTP_201_CREATED)
