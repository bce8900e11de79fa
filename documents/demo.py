"""The people and the document that a newcomer finds."""

from pathlib import Path

from django.contrib.auth import get_user_model
from django.db import transaction

from documents.edits import apply_ops
from documents.lifecycle import create_document
from documents.members import add_member
from documents.models import Document
from documents.roles import Role

USERNAMES = ["alice", "bob", "vera", "charlie"]
PASSWORD = "demo"  # noqa: S105 (for a demonstration on one's own machine)
_WELCOME = Path(__file__).with_name("welcome.md")


@transaction.atomic
def create_demo() -> Document | None:
    """Create the demo users and alice's welcome document; None if there are users already."""
    users = get_user_model().objects
    if users.exists():
        return None
    alice, bob, vera, _ = (
        users.create_user(username, password=PASSWORD, first_name=username.title())
        for username in USERNAMES
    )
    document = create_document(owner=alice, title="Welcome")
    add_member(document=document, user=bob, role=Role.EDITOR)
    add_member(document=document, user=vera, role=Role.VIEWER)
    apply_ops(document=document, ops=[{"append": _WELCOME.read_text()}], author=alice)
    return document
