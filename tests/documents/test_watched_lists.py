"""Which lists every act says to have changed: who follows one misses nothing."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from documents.changes import Topic, key_of, read_revisions
from documents.lifecycle import create_document
from documents.models import Document

ALL = ("alice", "bob", "vera", "charlie")


class Watch:
    """What changed since the last look, as names: `threads`, `notifications of bob`."""

    def __init__(self, document: Document, users: dict[str, Any]) -> None:
        self.keys: dict[str, str] = {}
        for topic in Topic:
            if topic in {Topic.DOCUMENTS, Topic.NOTIFICATIONS}:
                for name, user in users.items():
                    self.keys[f"{topic} of {name}"] = key_of(topic, user.pk)
            else:
                self.keys[str(topic)] = key_of(topic, document.id)
        self.seen = read_revisions(self.keys.values())

    def changed(self) -> set[str]:
        now = read_revisions(self.keys.values())
        names = {name for name, key in self.keys.items() if now[key] != self.seen[key]}
        self.seen = now
        return names


@pytest.fixture
def users(alice, bob, vera, charlie):
    return {"alice": alice, "bob": bob, "vera": vera, "charlie": charlie}


@pytest.fixture
def watch(text_document, users):
    return Watch(text_document, users)


@pytest.fixture
def base(text_document):
    return f"/api/v1/documents/{text_document.id}/"


def call(client: APIClient, method: str, address: str, body: Any = None) -> Any:
    answer = getattr(client, method)(address, body, format="json")
    assert answer.status_code < 300, answer.json()
    return answer.json() if answer.content else None


def documents_of(*names: str) -> set[str]:
    return {f"documents of {name}" for name in names}


def notifications_of(*names: str) -> set[str]:
    return {f"notifications of {name}" for name in names}


def test_members(api, alice, base, watch):
    client = api(alice)
    call(client, "post", f"{base}members/", {"user": "charlie", "role": "viewer"})
    everybody = {"members", *documents_of(*ALL), *notifications_of("charlie")}
    assert watch.changed() == everybody
    call(client, "patch", f"{base}members/charlie/", {"role": "editor"})
    assert watch.changed() == everybody
    call(client, "delete", f"{base}members/charlie/")
    assert watch.changed() == everybody


def test_the_document_itself(api, alice, base, watch):
    client = api(alice)
    members = documents_of("alice", "bob", "vera")
    call(client, "patch", base, {"title": "Neu é"})
    assert watch.changed() == members
    call(client, "patch", base, {"root": "codemirror"})
    assert watch.changed() == members
    call(client, "delete", base)
    assert watch.changed() == members
    call(client, "post", f"{base}untrash/")
    assert watch.changed() == members
    call(client, "delete", base)
    call(client, "delete", f"{base}purge/")
    assert watch.changed() == members


def test_a_new_one(charlie, watch):
    create_document(owner=charlie)
    assert watch.changed() == documents_of("charlie")


def test_versions(api, bob, base, watch):
    call(api(bob), "post", f"{base}versions/", {"label": "Entwurf"})
    assert watch.changed() == {"versions"}


def test_automatic_snapshots_are_in_no_list(text_document, writer, watch):
    from documents import snapshots
    from documents.content import build_document

    writer(text_document).type("é" * 100)
    built = build_document(document_id=text_document.id)
    snapshots._add_snapshot(document_id=text_document.id, built=built, label="", author=None)
    assert watch.changed() == set()


def test_chat(api, bob, base, watch):
    call(api(bob), "post", f"{base}messages/", {"text": "é 😀"})
    assert watch.changed() == {"messages"}


def test_invitations(api, alice, charlie, base, watch, mailoutbox):
    body = {"email": "x@example.org", "role": "viewer"}
    sent = call(api(alice), "post", f"{base}invitations/", body)
    assert watch.changed() == {"invitations"}
    call(api(alice), "delete", f"{base}invitations/{sent['id']}/")
    assert watch.changed() == {"invitations"}
    call(api(alice), "post", f"{base}invitations/", body)
    watch.changed()
    token = mailoutbox[-1].body.split("/invitations/")[1].split("/")[0]
    call(api(charlie), "post", f"/api/v1/invitations/{token}/accept/")
    assert watch.changed() == {
        "members",
        "invitations",
        *documents_of(*ALL),
        *notifications_of("charlie", "alice"),
    }


def test_threads_and_notifications(api, alice, bob, vera, base, text_document, writer, watch):
    writer(text_document, alice).type("ein é😀 hier")
    begin = {"anchor": {"start": 0, "end": 3}, "text": "é"}
    thread = call(api(bob), "post", f"{base}threads/", begin)
    assert watch.changed() == {"threads"}
    there = f"{base}threads/{thread['id']}/"
    said = call(api(alice), "post", f"{there}comments/", {"text": "@vera"})
    assert watch.changed() == {"threads", *notifications_of("bob", "vera")}
    call(api(alice), "patch", f"{there}comments/{said['id']}/", {"text": "@vera 😀"})
    assert watch.changed() == {"threads", *notifications_of("bob", "vera")}
    call(api(alice), "post", f"{there}resolve/")
    assert watch.changed() == {"threads", *notifications_of("bob")}
    call(api(alice), "post", f"{there}resolve/")
    assert watch.changed() == set()
    call(api(alice), "post", f"{there}reopen/")
    assert watch.changed() == {"threads"}
    call(api(vera), "patch", "/api/v1/notifications/", {"read": True})
    assert watch.changed() == notifications_of("vera")
    call(api(vera), "patch", "/api/v1/notifications/", {"read": True})
    assert watch.changed() == set()
    call(api(alice), "delete", f"{there}comments/{said['id']}/")
    assert watch.changed() == {"threads", *notifications_of("bob", "vera")}
    call(api(alice), "delete", there)
    assert watch.changed() == {"threads", *notifications_of("bob")}


def test_who_may_see_what_they_were_told_about(
    api, alice, base, text_document, writer, users, charlie, watch
):
    """The link lets charlie in: with it goes what charlie is told about the document."""
    writer(text_document, alice).type("ein é😀 hier")
    call(api(alice), "put", f"{base}link/", {"reach": "signed_in", "role": "commenter"})
    assert watch.changed() == set()
    begin = {"anchor": {"start": 0, "end": 3}, "text": "@charlie"}
    call(api(alice), "post", f"{base}threads/", begin)
    assert watch.changed() == {"threads", *notifications_of("charlie")}
    call(api(alice), "put", f"{base}link/", {"reach": "restricted"})
    assert watch.changed() == notifications_of("charlie")
    call(api(alice), "patch", base, {"title": "Anders"})
    assert watch.changed() == {
        *documents_of("alice", "bob", "vera"),
        *notifications_of("charlie"),
    }
