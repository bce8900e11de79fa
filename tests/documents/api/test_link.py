from datetime import timedelta

import pytest
from django.utils import timezone

from documents.models import Document, LinkReach, Membership
from documents.roles import Role

REACHES = list(LinkReach)


def link(document):
    return f"/api/v1/documents/{document.id}/link/"


def one(document):
    return f"/api/v1/documents/{document.id}/"


def put(client, document, **body):
    return client.put(link(document), body, format="json")


def reached(document, reach, role=Role.VIEWER):
    Document.objects.filter(id=document.id).update(link_reach=reach, link_role=role)


def test_owner_opens_the_link_and_everybody_in_the_document_hears(
    api, document, alice, charlie, hints, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = put(api(alice), document, reach="signed_in", role="commenter")
    assert answer.status_code == 200
    assert answer.json() == {"reach": "signed_in", "role": "commenter", "expires_at": None}
    assert api(alice).get(link(document)).json() == answer.json()
    assert [(hint["type"], hint["user"]) for hint in hints] == [("access", None)]
    assert api(charlie).get(one(document)).json()["role"] == "commenter"


@pytest.mark.parametrize(
    ("reach", "charlie_gets", "nobody_gets"),
    [("restricted", 404, 401), ("signed_in", 200, 401), ("anyone", 200, 200)],
)
def test_link_lets_in_as_far_as_it_reaches(
    api, document, alice, charlie, reach, charlie_gets, nobody_gets
):
    put(api(alice), document, reach=reach)
    assert api(charlie).get(one(document)).status_code == charlie_gets
    assert api(None).get(one(document)).status_code == nobody_gets


def test_closing_the_link_shuts_out_whoever_was_in_by_it(api, document, alice, vera, charlie):
    put(api(alice), document, reach="anyone", role="editor")
    assert api(charlie).get(one(document)).json()["role"] == "editor"
    assert api(vera).get(one(document)).json()["role"] == "editor"
    put(api(alice), document, reach="restricted")
    assert api(charlie).get(one(document)).status_code == 404
    assert api(vera).get(one(document)).json()["role"] == "viewer"


def test_link_ends_when_it_expires(api, document, alice, charlie):
    until = timezone.now() + timedelta(hours=1)
    answer = put(api(alice), document, reach="anyone", expires_at=until.isoformat())
    assert answer.json()["expires_at"] is not None
    assert api(charlie).get(one(document)).status_code == 200
    past = timezone.now() - timedelta(seconds=1)
    Document.objects.filter(id=document.id).update(link_expires_at=past)
    assert api(charlie).get(one(document)).status_code == 404


@pytest.mark.parametrize("reach", REACHES)
@pytest.mark.parametrize("role", [None, *Role])
def test_only_owners_change_the_link_and_whoever_sees_the_document_sees_it(
    api, document, charlie, role, reach
):
    reached(document, reach)
    if role is not None:
        Membership.objects.create(document=document, user=charlie, role=role)
    sees = role is not None or reach != LinkReach.RESTRICTED
    client = api(charlie)
    assert client.get(link(document)).status_code == (200 if sees else 404)
    expected = 200 if role == Role.OWNER else 403 if sees else 404
    assert put(client, document, reach="anyone", role="editor").status_code == expected
    document.refresh_from_db()
    assert (document.link_role == Role.EDITOR) is (role == Role.OWNER)


@pytest.mark.parametrize("reach", REACHES)
def test_visitors_are_asked_to_sign_in(api, document, reach):
    reached(document, reach, Role.EDITOR)
    assert api(None).get(link(document)).status_code == 401
    assert put(api(None), document, reach="anyone").status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reach"),
        ({"reach": "world"}, "reach"),
        ({"reach": "anyone", "role": "owner"}, "role"),
        ({"reach": "anyone", "role": "king"}, "role"),
        ({"reach": "anyone", "expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"reach": "anyone", "expires_at": "tomorrow"}, "expires_at"),
    ],
)
def test_bad_link_says_what_to_change(api, document, alice, body, field):
    answer = put(api(alice), document, **body)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    document.refresh_from_db()
    assert document.link_reach == LinkReach.RESTRICTED
