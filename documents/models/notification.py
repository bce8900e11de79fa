from typing import ClassVar

from django.conf import settings
from django.db import models

from documents.models.document import Document
from documents.models.talk import Comment, Thread


class NotificationKind(models.TextChoices):
    """What somebody is told of."""

    SHARED = "shared"
    MENTION = "mention"
    REPLY = "reply"
    INVITATION_ACCEPTED = "invitation_accepted"
    COMMENT_RESOLVED = "comment_resolved"


class Notification(models.Model):
    """Something that others did and that concerns one user."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications"
    )
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=24, choices=NotificationKind.choices)
    # Who did it; None for a guest.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )
    thread = models.ForeignKey(Thread, null=True, on_delete=models.CASCADE, related_name="+")
    comment = models.ForeignKey(Comment, null=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["user", "-id"], name="notification_newest"),
            models.Index(
                fields=["user", "document"],
                condition=models.Q(read_at=None),
                name="notification_unread",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.user_id}"
