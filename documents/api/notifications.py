"""What a user is told of."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from documents.api.base import ApiView
from documents.api.pagination import ListCursor, PageQuery, page_of
from documents.api.serializers_talk import (
    NotificationSerializer,
    ReadSerializer,
    UnreadSerializer,
)
from documents.models import Notification
from documents.notifications import mark_read, notifications_of


class NotificationsQuery(PageQuery):
    unread = serializers.BooleanField(default=False, help_text="Only those that are unread.")


class NotificationsView(ApiView):
    @extend_schema(
        operation_id="notifications_list",
        parameters=[NotificationsQuery],
        responses=page_of(
            NotificationSerializer,
            unread=serializers.IntegerField(help_text="How many are unread, on all pages."),
        ),
    )
    def get(self, request: Request) -> Response:
        """What others did that concerns one, newest first.

        Only about documents that one may still see.
        """
        query = NotificationsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        notifications = notifications_of(request.user)
        unread = notifications.filter(read_at=None)
        paginator = ListCursor(("-id",))
        chosen = unread if query.validated_data["unread"] else notifications
        page = paginator.paginate_queryset(chosen, request, self) or []
        response = paginator.get_paginated_response(NotificationSerializer(page, many=True).data)
        response.data["unread"] = unread.count()
        return response

    @extend_schema(
        operation_id="notifications_all_update", request=ReadSerializer, responses=UnreadSerializer
    )
    def patch(self, request: Request) -> Response:
        """Mark all as read, or as unread."""
        _mark(request, notifications_of(request.user))
        unread = notifications_of(request.user).filter(read_at=None).count()
        return Response({"unread": unread})


class NotificationView(ApiView):
    @extend_schema(request=ReadSerializer, responses=NotificationSerializer)
    def patch(self, request: Request, notification_id: int) -> Response:
        """Mark one as read, or as unread."""
        chosen = notifications_of(request.user).filter(id=notification_id)
        if not chosen.exists():
            raise NotFound("There is no such notification.")
        _mark(request, chosen)
        return Response(NotificationSerializer(chosen.get()).data)


def _mark(request: Request, notifications: QuerySet[Notification]) -> None:
    serializer = ReadSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    mark_read(
        user=request.user,
        notifications=notifications,
        read=serializer.validated_data["read"],
    )
