"""Lists that people watch: what was added to, changed in or removed from which of them.

Whoever changes such a list says so here, inside the transaction. A hint goes over the channel
layer after the commit, and may be lost; the list's revision is counted in the database, and is not.
Edits of a document's content are none of these changes.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import F

from documents import bus
from documents.models import Revision


class Topic(StrEnum):
    """What a list is about."""

    # Lists of a user.
    DOCUMENTS = "documents"
    NOTIFICATIONS = "notifications"
    # Lists of a document.
    MEMBERS = "members"
    INVITATIONS = "invitations"
    VERSIONS = "versions"
    THREADS = "threads"
    MESSAGES = "messages"


def key_of(topic: Topic, owner: Any) -> str:
    """A list's name among the revisions; `owner`: the document's id, or the user's."""
    return f"{topic}:{owner}"


def change_document_list(*, document_id: uuid.UUID, topic: Topic) -> None:
    """One of a document's lists changes; inside the transaction that changes it."""
    _count([key_of(topic, document_id)])
    hint = bus.document_list_changed(document_id=document_id, topic=topic)
    transaction.on_commit(lambda: bus.publish(hint))


def change_user_lists(*, user_ids: Iterable[Any], topic: Topic) -> None:
    """The lists of these users change; inside the transaction that changes them."""
    users = sorted(set(user_ids))
    _count([key_of(topic, user_id) for user_id in users])
    hints = [bus.user_list_changed(user_id=user_id, topic=topic) for user_id in users]
    transaction.on_commit(lambda: bus.publish(*hints))


def read_revisions(keys: Collection[str]) -> dict[str, int]:
    """The numbers of these lists (one query); a list that never changed is at 0."""
    found = dict(Revision.objects.filter(key__in=keys).values_list("key", "number"))
    return {key: found.get(key, 0) for key in keys}


def _count(keys: Sequence[str]) -> None:
    """Three statements, however many keys. The locks are taken in order: nobody waits in a ring."""
    keys = sorted(keys)
    if not keys:
        return
    with transaction.atomic():
        Revision.objects.bulk_create([Revision(key=key) for key in keys], ignore_conflicts=True)
        rows = Revision.objects.select_for_update(no_key=True).filter(key__in=keys)
        list(rows.order_by("key").values_list("key"))
        Revision.objects.filter(key__in=keys).update(number=F("number") + 1)
