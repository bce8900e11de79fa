"""A document's chat."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from documents import bus, changes
from documents.models import Document, Message
from documents.people import describe_user

MAX_MESSAGE_LENGTH = 4_000
GUEST = "Guest"


@transaction.atomic
def post_message(*, document: Document, author: Any, text: str, guest_name: str = GUEST) -> Message:
    """Say something to everybody in the document. `author` None: a guest, of that name.

    `text` is stripped and of 1 to MAX_MESSAGE_LENGTH characters, without NUL.
    """
    message = Message.objects.create(
        document=document, author=author, text=text, created_at=timezone.now()
    )
    changes.change_document_list(document_id=document.id, topic=changes.Topic.MESSAGES)
    described = None if author is None else describe_user(author)
    hint: bus.ChatHint = {
        "type": "chat",
        "document": str(document.id),
        "origin": "",
        "message": message.pk,
        "username": described and described["username"],
        "name": described["name"] if described else guest_name,
        "text": text,
        "at": message.created_at.isoformat().replace("+00:00", "Z"),
    }
    transaction.on_commit(lambda: bus.publish(hint))
    return message


@transaction.atomic
def delete_message(*, message: Message) -> None:
    """Take it away from everybody."""
    changes.change_document_list(document_id=message.document_id, topic=changes.Topic.MESSAGES)
    message.delete()


def messages_of(document: Document) -> QuerySet[Message]:
    """What was said, newest first."""
    return Message.objects.filter(document=document).select_related("author").order_by("-id")
