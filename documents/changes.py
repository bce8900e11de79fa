"""What is told to live lists: which list of a document, or of a user, has changed."""

import uuid
from collections.abc import Iterable
from enum import StrEnum
from typing import Any


class Topic(StrEnum):
    """A list that somebody may follow."""

    DOCUMENTS = "documents"
    NOTIFICATIONS = "notifications"
    MEMBERS = "members"
    VERSIONS = "versions"
    THREADS = "threads"
    MESSAGES = "messages"
    INVITATIONS = "invitations"


def change_document_list(*, document_id: uuid.UUID, topic: Topic) -> None:
    """Inside the transaction that changes it: one of the document's lists is not what it was."""


def change_user_lists(*, user_ids: Iterable[Any], topic: Topic) -> None:
    """Inside the transaction that changes it: one of these users' lists is not what it was."""
