from datetime import timedelta

import pytest
from django.utils import timezone

from documents.models import Document, LinkReach, Membership, Notification
from documents.roles import Role
from tests.documents.api.test_comments import comment_of, resolve, say
from tests.documents.api.test_threads import one, start

NOTIFICATIONS = "/api/v1/notifications/"


def told(client, **query):
    answer = client.get(NOTIFICATIONS, query)
    assert answer.status_code == 200
    return [(item["kind"], item["actor"] and item["actor"]["username"]) for item in _of(answer)]


def _of(answer):
    return answer.json()["results"]


@pytest.fixture
def thread(api, text_document, writer, alice, bob):
    """A thread of bob's."""
    writer(text_document, alice).type("ein é😀 hier")
    return start(api(bob), text_document).json()


def let_in(api, alice, document, role="commenter"):
    body = {"user": "charlie", "role": role}
    address = f"/api/v1/documents/{document.id}/members/"
    assert api(alice).post(address, body, format="json").status_code == 201


def test_who_is_let_in_is_told(api, document, alice, charlie):
    let_in(api, alice, document)
    answer = api(charlie).get(NOTIFICATIONS).json()
    (item,) = answer["results"]
    assert item["kind"] == "shared"
    assert item["document"] == {"id": str(document.id), "title": "Café 😀"}
    assert item["actor"] == {"username": "alice", "name": "Alice"}
    assert (item["read"], item["thread"], item["comment"], item["text"]) == (
        False,
        None,
        None,
        None,
    )
    assert (answer["unread"], answer["next"]) == (1, None)


def test_everybody_in_a_thread_is_told_of_a_reply_but_not_who_replied(
    api, text_document, alice, bob, vera, charlie, thread
):
    let_in(api, alice, text_document)
    said = say(api(alice), text_document, thread).json()
    say(api(charlie), text_document, thread)
    assert told(api(bob)) == [("reply", "charlie"), ("reply", "alice")]
    assert told(api(alice)) == [("reply", "charlie")]
    assert told(api(charlie)) == [("shared", "alice")]
    assert told(api(vera)) == []
    (_, item) = _of(api(bob).get(NOTIFICATIONS))
    assert (item["thread"], item["comment"]) == (thread["id"], said["id"])
    assert item["text"] == "Doch é 😀"


def test_who_is_mentioned_is_told_of_that_alone(api, text_document, alice, bob, vera, thread):
    text = "@vera, @bob. Und @alice? Nicht a@vera und nicht @veranda"
    say(api(alice), text_document, thread, text)
    assert told(api(vera)) == [("mention", "alice")]
    assert told(api(bob)) == [("mention", "alice")]
    assert told(api(alice)) == []


def test_mention_in_the_first_comment_counts(api, text_document, bob, vera, writer, alice):
    writer(text_document, alice).type("ein é😀 hier")
    start(api(bob), text_document, text="@vera schau 😀")
    assert told(api(vera)) == [("mention", "bob")]


@pytest.mark.parametrize("name", ["charlie", "nobody", "mallory"])
def test_mention_of_a_stranger_tells_nobody_anything(
    api, text_document, alice, charlie, django_user_model, thread, name
):
    """Nor the writer: whether there is such a user is not theirs to know."""
    django_user_model.objects.create(username="mallory", is_active=False)
    answer = say(api(alice), text_document, thread, f"@{name} kommt nicht")
    assert answer.status_code == 201
    assert answer.json()["text"] == f"@{name} kommt nicht"
    assert not Notification.objects.filter(kind="mention").exists()
    # Not even when they are let in afterwards.
    assert told(api(charlie)) == []


def test_whoever_the_link_lets_in_can_be_mentioned(api, text_document, alice, charlie, thread):
    Document.objects.filter(id=text_document.id).update(link_reach=LinkReach.SIGNED_IN)
    say(api(alice), text_document, thread, "@charlie schau")
    assert told(api(charlie)) == [("mention", "alice")]


def test_only_a_new_mention_is_told_when_a_comment_is_changed(
    api, text_document, alice, bob, vera, thread
):
    client = api(bob)
    address = comment_of(text_document, thread)
    client.patch(address, {"text": "@vera"}, format="json")
    client.patch(address, {"text": "@vera und @alice"}, format="json")
    assert told(api(vera)) == [("mention", "bob")]
    assert told(api(alice)) == [("mention", "bob")]


def test_who_talked_is_told_that_it_was_resolved_once(api, text_document, alice, bob, thread):
    resolve(api(alice), text_document, thread)
    resolve(api(alice), text_document, thread)
    assert told(api(bob)) == [("comment_resolved", "alice")]
    resolve(api(bob), text_document, thread, "reopen")
    resolve(api(bob), text_document, thread)
    assert told(api(bob)) == [("comment_resolved", "alice")]


def test_guest_who_replies_is_nobody(api, text_document, bob, thread):
    Document.objects.filter(id=text_document.id).update(
        link_reach=LinkReach.ANYONE, link_role=Role.COMMENTER
    )
    say(api(None), text_document, thread)
    assert told(api(bob)) == [("reply", None)]


@pytest.mark.parametrize("way", ["thread", "comment"])
def test_what_is_deleted_is_no_longer_told(api, text_document, alice, bob, thread, way):
    said = say(api(alice), text_document, thread).json()
    assert told(api(bob)) == [("reply", "alice")]
    address = one(text_document, thread)
    if way == "comment":
        address = f"{address}comments/{said['id']}/"
    assert api(alice).delete(address).status_code == 204
    assert told(api(bob)) == []


@pytest.mark.parametrize("how", ["removed", "trashed", "link closed", "link expired"])
def test_nothing_is_told_about_a_document_that_one_may_no_longer_see(
    api, text_document, alice, bob, charlie, thread, how
):
    documents = Document.objects.filter(id=text_document.id)
    documents.update(link_reach=LinkReach.SIGNED_IN, link_role=Role.COMMENTER)
    say(api(alice), text_document, thread, "@charlie")
    assert told(api(charlie)) == [("mention", "alice")]
    shown = _of(api(charlie).get(NOTIFICATIONS))[0]
    match how:
        case "removed":
            Membership.objects.create(document=text_document, user=charlie, role=Role.VIEWER)
            documents.update(link_reach=LinkReach.RESTRICTED)
            assert told(api(charlie)) == [("mention", "alice")]
            address = f"/api/v1/documents/{text_document.id}/members/charlie/"
            api(alice).delete(address)
        case "trashed":
            api(alice).delete(f"/api/v1/documents/{text_document.id}/")
        case "link closed":
            documents.update(link_reach=LinkReach.RESTRICTED)
        case "link expired":
            documents.update(link_expires_at=timezone.now() - timedelta(seconds=1))
    answer = api(charlie).get(NOTIFICATIONS).json()
    assert answer == {"results": [], "next": None, "unread": 0}
    change = api(charlie).patch(f"{NOTIFICATIONS}{shown['id']}/", {"read": True}, format="json")
    assert change.status_code == 404


def test_one_is_marked_as_read_and_as_unread_again(api, document, alice, charlie):
    let_in(api, alice, document)
    client = api(charlie)
    (item,) = _of(client.get(NOTIFICATIONS))
    address = f"{NOTIFICATIONS}{item['id']}/"
    answer = client.patch(address, {"read": True}, format="json")
    assert answer.json() == item | {"read": True}
    assert client.get(NOTIFICATIONS).json()["unread"] == 0
    assert told(client, unread="1") == []
    assert told(client) == [("shared", "alice")]
    assert client.patch(address, {"read": False}, format="json").json() == item
    assert told(client, unread="1") == [("shared", "alice")]


def test_all_are_marked_as_read(api, document, text_document, alice, charlie, bob):
    let_in(api, alice, document)
    let_in(api, alice, text_document)
    Notification.objects.create(
        user=bob, document=document, kind="shared", actor=alice, created_at=timezone.now()
    )
    client = api(charlie)
    answer = client.patch(NOTIFICATIONS, {"read": True}, format="json")
    assert answer.json() == {"unread": 0}
    assert client.get(NOTIFICATIONS).json()["unread"] == 0
    # Nobody else's.
    assert api(bob).get(NOTIFICATIONS).json()["unread"] == 1


@pytest.mark.parametrize("body", [{}, {"read": "perhaps"}, {"read": None}])
def test_bad_mark_says_what_to_change(api, document, alice, charlie, body):
    let_in(api, alice, document)
    client = api(charlie)
    (item,) = _of(client.get(NOTIFICATIONS))
    for address in (NOTIFICATIONS, f"{NOTIFICATIONS}{item['id']}/"):
        answer = client.patch(address, body, format="json")
        assert answer.status_code == 400
        assert list(answer.json()["errors"]) == ["read"]


def test_others_notifications_are_not_found(api, document, alice, bob, charlie):
    let_in(api, alice, document)
    (item,) = _of(api(charlie).get(NOTIFICATIONS))
    answer = api(bob).patch(f"{NOTIFICATIONS}{item['id']}/", {"read": True}, format="json")
    assert answer.status_code == 404
    assert api(charlie).get(NOTIFICATIONS).json()["unread"] == 1


def test_visitors_have_none(api, db):
    assert api(None).get(NOTIFICATIONS).status_code == 401
    assert api(None).patch(NOTIFICATIONS, {"read": True}, format="json").status_code == 401


def test_pages_and_queries_stay_the_same_however_many(
    api, text_document, alice, bob, thread, django_assert_max_num_queries
):
    for _ in range(30):
        say(api(alice), text_document, thread)
    client = api(bob)
    with django_assert_max_num_queries(5):
        page = client.get(NOTIFICATIONS, {"page_size": 20}).json()
    assert (len(page["results"]), page["unread"]) == (20, 30)
    rest = client.get(page["next"]).json()
    assert len(rest["results"]) == 10
    assert rest["next"] is None
