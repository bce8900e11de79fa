from typing import ClassVar

from django.conf import settings
from django.db import models

from documents.models.document import Document


class Thread(models.Model):
    """A conversation about a place in the text. Nothing of it stands in the document itself."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="threads")
    # None for a guest whom the link lets comment, and for a user who is gone.
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Where the text is: Yjs relative positions, as JSON.
    start = models.JSONField()
    end = models.JSONField()
    # The text as it was, with what stood around it: how it is found again after an undo.
    quote = models.TextField()
    before = models.CharField(max_length=64, blank=True)
    after = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["created_at", "id"]

    def __str__(self) -> str:
        return f"thread {self.id} of {self.document_id}"


class Comment(models.Model):
    """What somebody says in a thread."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    text = models.TextField()
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["created_at", "id"]

    def __str__(self) -> str:
        return f"comment {self.id} in {self.thread_id}"


class Message(models.Model):
    """What somebody says in a document's chat."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    text = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["document", "-id"], name="message_newest"),
        ]

    def __str__(self) -> str:
        return f"message {self.id} of {self.document_id}"
