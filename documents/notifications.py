"""What users are told of: what others did that concerns them."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from documents import changes
from documents.models import Comment, Document, Notification, NotificationKind, Thread
from documents.permissions import visible_to


def notify(
    *,
    user_ids: Iterable[Any],
    document: Document,
    kind: NotificationKind,
    actor: Any,
    thread: Thread | None = None,
    comment: Comment | None = None,
) -> set[Any]:
    """Tell these users, but never the actor (None: a guest); the ids of those who were told.

    Inside the act's own transaction, which then says that their lists changed: at once for all
    of them, since taking one after the other could make two acts wait in a ring. Whether they may
    see the document is looked at when they read it.
    """
    told = set(user_ids) - {None, None if actor is None else actor.pk}
    now = timezone.now()
    Notification.objects.bulk_create(
        Notification(
            user_id=user_id,
            document=document,
            kind=kind,
            actor=actor,
            thread=thread,
            comment=comment,
            created_at=now,
        )
        for user_id in sorted(told)
    )
    return told


def tell_notified(user_ids: Iterable[Any]) -> None:
    """Say that these users' notifications changed; once in a transaction."""
    changes.change_user_lists(user_ids=user_ids, topic=changes.Topic.NOTIFICATIONS)


def tell_notifications_changed(*, document_id: uuid.UUID) -> None:
    """Who may see this document has changed, and so has what anybody sees of it in their list.

    In the change's own transaction.
    """
    told = Notification.objects.filter(document_id=document_id).order_by()
    tell_notified(told.values_list("user_id", flat=True).distinct())


def notifications_of(user: Any) -> QuerySet[Notification]:
    """The user's, about documents that they may see now, newest first."""
    seen = Document.objects.filter(visible_to(user)).values("id")
    return (
        Notification.objects.filter(user_id=user.pk, document_id__in=seen)
        .select_related("document", "actor", "comment")
        .order_by("-id")
    )


@transaction.atomic
def mark_read(*, user: Any, notifications: QuerySet[Notification], read: bool) -> None:
    """Mark some of the user's own as read, or as unread again."""
    read_at = timezone.now() if read else None
    changed = notifications.filter(user_id=user.pk, read_at__isnull=read)
    if changed.order_by().update(read_at=read_at):
        tell_notified([user.pk])
