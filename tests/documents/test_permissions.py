from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from documents.models import Document, LinkReach, Membership
from documents.permissions import Action, Role, access_to, allows, role_for, with_role

NOBODY = AnonymousUser()
LEAST = {
    Action.READ: Role.VIEWER,
    Action.EXPORT: Role.VIEWER,
    Action.DUPLICATE: Role.VIEWER,
    Action.COMMENT: Role.COMMENTER,
    Action.RESOLVE_ANY: Role.EDITOR,
    Action.EDIT: Role.EDITOR,
    Action.CREATE_VERSION: Role.EDITOR,
    Action.RESTORE_VERSION: Role.EDITOR,
    Action.RENAME: Role.EDITOR,
    Action.MANAGE_MEMBERS: Role.OWNER,
    Action.MODERATE: Role.OWNER,
    Action.TRASH: Role.OWNER,
    Action.PURGE: Role.OWNER,
}


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", [None, *Role])
def test_role_allows_what_the_table_says(role, action):
    assert allows(role, action) is (role is not None and role >= LEAST[action])


def roles_of(user, document):
    """The role, found both ways: one document by itself, and as a row of a list."""
    row = with_role(Document.objects.filter(id=document.id), user).get()
    access = access_to(row, user)
    alone = role_for(user, Document.objects.get(id=document.id))
    assert alone == (access.role if access else None)
    return alone


@pytest.mark.parametrize(
    ("reach", "member", "stranger", "visitor"),
    [
        (LinkReach.RESTRICTED, Role.VIEWER, None, None),
        (LinkReach.SIGNED_IN, Role.EDITOR, Role.EDITOR, None),
        (LinkReach.ANYONE, Role.EDITOR, Role.EDITOR, Role.EDITOR),
    ],
)
def test_role_is_the_greater_of_membership_and_link(
    document, vera, charlie, reach, member, stranger, visitor
):
    Document.objects.filter(id=document.id).update(link_reach=reach, link_role=Role.EDITOR)
    assert roles_of(vera, document) == member
    assert roles_of(charlie, document) == stranger
    assert roles_of(NOBODY, document) == visitor


def test_link_takes_nothing_away(document, alice):
    Document.objects.filter(id=document.id).update(link_reach=LinkReach.ANYONE)
    assert roles_of(alice, document) == Role.OWNER


def test_link_ends_when_it_expires(document, charlie):
    links = Document.objects.filter(id=document.id)
    links.update(link_reach=LinkReach.ANYONE, link_expires_at=timezone.now() + timedelta(hours=1))
    assert roles_of(charlie, document) == Role.VIEWER
    links.update(link_expires_at=timezone.now() - timedelta(seconds=1))
    assert roles_of(charlie, document) is None


def test_deactivated_member_has_no_role_not_even_by_link(document, bob):
    Document.objects.filter(id=document.id).update(link_reach=LinkReach.ANYONE)
    bob.is_active = False
    bob.save()
    assert roles_of(bob, document) is None


def test_nobody_at_all_is_a_visitor(document):
    assert role_for(None, document) is None
    assert Membership.objects.filter(document=document).count() == 3
