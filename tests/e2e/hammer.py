"""Changes a document's lists as fast as it can, past HTTP; a process of its own.

    python -m tests.e2e.hammer <document> <steps>

Says how many changes a second there were. The service functions run in threads, as in a request.
"""

import asyncio
import os
import sys
import time
import uuid
from typing import Any

import django
from asgiref.sync import sync_to_async

PEOPLE = 10
THREADS = 4
MESSAGES = 8


def prepare(document_id: str) -> tuple[Any, list[Any]]:
    from django.contrib.auth import get_user_model

    from documents.models import Document

    name = f"hammer-{os.getpid()}"
    users = [get_user_model().objects.create(username=f"{name}-{at}") for at in range(PEOPLE)]
    return Document.objects.get(id=uuid.UUID(document_id)), users


def changes_in(count: int) -> int:
    """How many changes so many steps are."""
    return sum(MESSAGES if number % 4 else 1 for number in range(count))


def change(document: Any, user: Any, number: int) -> None:
    """Mostly messages; now and then somebody comes, becomes something else, or goes."""
    from django.db import transaction

    from documents.members import add_member, change_role, remove_member
    from documents.messages import post_message
    from documents.models import Membership
    from documents.roles import Role

    if number % 4:
        # Several in one commit are as good as in several: what counts is how many there are.
        with transaction.atomic():
            for each in range(MESSAGES):
                post_message(document=document, author=user, text=f"é😀 {number} {each}")
        return
    membership = Membership.objects.filter(document=document, user=user).first()
    if membership is None:
        add_member(document=document, user=user, role=Role.VIEWER)
    elif membership.role == Role.VIEWER:
        change_role(membership=membership, role=Role.EDITOR)
    else:
        remove_member(membership=membership)


async def main(document_id: str, count: int) -> None:
    document, users = await sync_to_async(prepare)(document_id)
    numbers = iter(range(count))

    async def work(own: list[Any]) -> None:
        for number in numbers:
            user = own[number // 4 % len(own)]
            await sync_to_async(change, thread_sensitive=False)(document, user, number)

    started = time.monotonic()
    await asyncio.gather(*(work(users[at::THREADS]) for at in range(THREADS)))
    sys.stdout.write(f"{changes_in(count) / (time.monotonic() - started):.0f}\n")


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "collab.settings"
    django.setup()
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
