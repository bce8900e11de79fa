import pytest

from documents.messages import MAX_MESSAGE_LENGTH
from documents.models import Document, LinkReach, Membership, Message
from documents.roles import Role


def messages(document):
    return f"/api/v1/documents/{document.id}/messages/"


def say(client, document, text="Hallo é 😀"):
    return client.post(messages(document), {"text": text}, format="json")


def test_messages_are_told_newest_first_with_who_and_when(api, document, alice, bob, vera):
    first = say(api(alice), document)
    assert first.status_code == 201
    assert first.json()["user"] == {"username": "alice", "name": "Alice"}
    second = say(api(bob), document, "  Ja\nund?  ")
    assert second.json()["text"] == "Ja\nund?"
    answer = api(vera).get(messages(document)).json()
    assert answer == {"results": [second.json(), first.json()], "next": None}


def test_pages_go_back_in_time_and_nothing_new_disturbs_them(api, document, alice):
    client = api(alice)
    for number in range(5):
        say(client, document, str(number))
    page = client.get(messages(document), {"page_size": 2}).json()
    told = [message["text"] for message in page["results"]]
    say(client, document, "dazwischen")
    while page["next"]:
        page = client.get(page["next"]).json()
        told += [message["text"] for message in page["results"]]
    assert told == ["4", "3", "2", "1", "0"]
    assert client.get(messages(document), {"cursor": "made up"}).status_code == 400


@pytest.mark.parametrize("reach", list(LinkReach))
@pytest.mark.parametrize("role", [None, *Role])
def test_commenters_and_above_talk_and_whoever_sees_the_document_listens(
    api, document, charlie, role, reach
):
    Document.objects.filter(id=document.id).update(link_reach=reach)
    if role is not None:
        Membership.objects.create(document=document, user=charlie, role=role)
    sees = role is not None or reach != LinkReach.RESTRICTED
    assert api(charlie).get(messages(document)).status_code == (200 if sees else 404)
    expected = 201 if role is not None and role >= Role.COMMENTER else 403 if sees else 404
    assert say(api(charlie), document).status_code == expected
    assert Message.objects.exists() is (expected == 201)


@pytest.mark.parametrize(
    ("reach", "role", "listens", "talks"),
    [
        (LinkReach.SIGNED_IN, Role.EDITOR, 401, 401),
        (LinkReach.ANYONE, Role.VIEWER, 200, 401),
        (LinkReach.ANYONE, Role.COMMENTER, 200, 201),
    ],
)
def test_guests_talk_where_the_link_lets_them(api, document, reach, role, listens, talks):
    Document.objects.filter(id=document.id).update(link_reach=reach, link_role=role)
    assert api(None).get(messages(document)).status_code == listens
    answer = say(api(None), document)
    assert answer.status_code == talks
    if talks == 201:
        assert answer.json()["user"] is None


@pytest.mark.parametrize("text", ["", " \n ", "x" * (MAX_MESSAGE_LENGTH + 1), "\x00", None])
def test_bad_message_says_what_to_change(api, document, alice, text):
    answer = say(api(alice), document, text)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["text"]


def test_longest_message_is_taken_by_its_characters(api, document, alice):
    assert say(api(alice), document, "😀" * MAX_MESSAGE_LENGTH).status_code == 201


def test_list_costs_the_same_whatever_its_length(
    api, document, alice, bob, django_assert_max_num_queries
):
    for number in range(30):
        say(api([alice, bob][number % 2]), document)
    client = api(alice)
    with django_assert_max_num_queries(5):
        assert len(client.get(messages(document)).json()["results"]) == 30
