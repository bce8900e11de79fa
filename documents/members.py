"""Who belongs to a document."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from documents import bus, changes
from documents.errors import Conflict
from documents.models import Document, Membership, NotificationKind
from documents.notifications import notify, tell_notified
from documents.roles import Role


def find_user(*, username: str) -> Any | None:
    """The active user of that name, if there is one."""
    model = get_user_model()
    return model.objects.filter(is_active=True, **{model.USERNAME_FIELD: username}).first()


@transaction.atomic
def add_member(
    *,
    document: Document,
    user: Any,
    role: Role,
    actor: Any = None,
    notified: Iterable[Any] = (),
) -> Membership:
    """Let somebody in, and tell them who did. Conflict if they are a member already.

    Without an actor it is their own doing, and nobody tells them. `notified` are the ids of
    those whom the caller has notified of it.
    """
    membership, created = Membership.objects.get_or_create(
        document=document, user=user, defaults={"role": role}
    )
    if not created:
        raise Conflict(
            f"{user.get_username()} is a member already: change their role with PATCH instead."
        )
    if actor is not None:
        notify(user_ids=[user.pk], document=document, kind=NotificationKind.SHARED, actor=actor)
    _tell_members_changed(membership, notified)
    return membership


@transaction.atomic
def change_role(*, membership: Membership, role: Role, notified: Iterable[Any] = ()) -> None:
    """Make a member something else. Conflict if no owner would be left."""
    if role != Role.OWNER:
        _keep_an_owner(membership)
    membership.role = role
    membership.save(update_fields=["role"])
    _tell_members_changed(membership, notified)


@transaction.atomic
def remove_member(*, membership: Membership) -> None:
    """Take somebody out, or leave. Conflict if no owner would be left."""
    _keep_an_owner(membership)
    _tell_members_changed(membership, ())
    membership.delete()


def tell_documents_changed(*, document_id: uuid.UUID) -> None:
    """What the members' lists of documents say of this one has changed. In a transaction."""
    members = Membership.objects.filter(document_id=document_id)
    user_ids = members.order_by().values_list("user_id", flat=True)
    changes.change_user_lists(user_ids=user_ids, topic=changes.Topic.DOCUMENTS)


def _keep_an_owner(leaving: Membership) -> None:
    # The lock closes the race of two owners who leave at once, each counting on the other.
    Document.objects.select_for_update(no_key=True).get(id=leaving.document_id)
    if not Membership.objects.filter(id=leaving.id, role=Role.OWNER).exists():
        return
    others = Membership.objects.filter(document_id=leaving.document_id, role=Role.OWNER).exclude(
        id=leaving.id
    )
    if not others.exists():
        raise Conflict("A document keeps at least one owner: make somebody else an owner first.")


def _tell_members_changed(membership: Membership, notified: Iterable[Any]) -> None:
    document_id = membership.document_id
    hint = bus.access_changed(document_id=document_id, user_id=membership.user_id)
    transaction.on_commit(lambda: bus.publish(hint))
    changes.change_document_list(document_id=document_id, topic=changes.Topic.MEMBERS)
    # The others' lists name the owner.
    tell_documents_changed(document_id=document_id)
    # Notifications are about documents that their user may see.
    tell_notified({membership.user_id, *notified})
