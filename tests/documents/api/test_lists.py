"""What live requests are answered with is what REST answers, item for item."""

import json

import pytest
from django.contrib.auth.models import AnonymousUser

from documents.api import lists
from documents.errors import DocumentMissing, Forbidden, SignInRequired
from documents.models import LinkReach
from documents.placing import Anchor
from documents.threads import start_thread

OF_DOCUMENT = {
    "members": lists.list_members,
    "versions": lists.list_versions,
    "threads": lists.list_threads,
    "messages": lists.list_messages,
    "invitations": lists.list_invitations,
}


@pytest.fixture
def busy_document(api, text_document, alice, bob, writer):
    """One with something in each of its lists."""
    base = f"/api/v1/documents/{text_document.id}/"
    writer(text_document, alice).type("ein é😀 hier")
    client = api(alice)
    for where, body in [
        ("versions/", {"label": "é"}),
        ("messages/", {"text": "Hallo"}),
        ("messages/", {"text": "😀"}),
        ("invitations/", {"email": "zoe@example.org", "role": "viewer"}),
        ("members/", {"user": "charlie", "role": "viewer"}),
    ]:
        assert client.post(f"{base}{where}", body, format="json").status_code == 201
    start_thread(document=text_document, author=bob, anchor=Anchor(points=(4, 6)), text="@alice")
    return text_document


@pytest.fixture(autouse=True)
def _charlie_is_there(charlie):
    pass


@pytest.mark.parametrize("name", OF_DOCUMENT)
def test_list_of_a_document_is_what_rest_answers(api, busy_document, alice, name):
    items = OF_DOCUMENT[name](user=alice, document_id=busy_document.id)
    answer = api(alice).get(f"/api/v1/documents/{busy_document.id}/{name}/")
    assert items
    assert json.loads(json.dumps(items)) == answer.json()["results"]
    assert len({item["id"] for item in items}) == len(items)


@pytest.mark.parametrize("unread", [False, True])
def test_notifications_are_what_rest_answers(api, busy_document, alice, charlie, unread):
    for user in (alice, charlie):
        items = lists.list_notifications(user=user, unread=unread)
        answer = api(user).get("/api/v1/notifications/", {"unread": unread})
        assert len(items) == 1
        assert json.loads(json.dumps(items)) == answer.json()["results"]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"q": "é"},
        {"q": "x"},
        {"scope": "owned"},
        {"scope": "shared"},
        {"ordering": "title"},
        {"ordering": "-created_at"},
    ],
)
def test_documents_are_what_rest_answers(api, document, text_document, alice, bob, query):
    for user in (alice, bob):
        items = lists.list_documents(user=user, **query)
        answer = api(user).get("/api/v1/documents/", query)
        assert json.loads(json.dumps(items)) == answer.json()["results"]


@pytest.mark.parametrize("name", OF_DOCUMENT)
def test_list_tells_nothing_to_whoever_may_not_see_it(text_document, bob, charlie, name):
    list_items = OF_DOCUMENT[name]
    with pytest.raises(DocumentMissing):
        list_items(user=charlie, document_id=text_document.id)
    with pytest.raises(SignInRequired):
        list_items(user=AnonymousUser(), document_id=text_document.id)
    text_document.link_reach = LinkReach.ANYONE
    text_document.save()
    if name == "invitations":
        with pytest.raises(Forbidden):
            list_items(user=bob, document_id=text_document.id)
        with pytest.raises(SignInRequired):
            list_items(user=AnonymousUser(), document_id=text_document.id)
    elif name != "members":
        assert list_items(user=AnonymousUser(), document_id=text_document.id) == []


def test_visitors_are_not_told_who_belongs(text_document):
    """As over REST."""
    text_document.link_reach = LinkReach.ANYONE
    text_document.save()
    with pytest.raises(SignInRequired):
        lists.list_members(user=AnonymousUser(), document_id=text_document.id)


def test_visitors_have_no_lists_of_their_own(db):
    for list_items in (lists.list_documents, lists.list_notifications):
        with pytest.raises(SignInRequired):
            list_items(user=AnonymousUser())
