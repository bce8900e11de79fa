"""Requests and live lists on both JSON sockets: REST's answers, and nothing missed after them."""

import asyncio
import uuid
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth import get_user_model
from rest_framework.authtoken.models import Token

from collab.hub import current_hub, drain_hub
from collab.lists import LiveLists, Subscriber
from collab.requests import MAX_SUBSCRIPTIONS
from documents import bus
from documents.api.without_http import ListRefused, parse_request
from documents.lifecycle import create_document, rename_document, trash_document
from documents.members import add_member, change_role, find_user, remove_member
from documents.messages import post_message
from documents.models import Document, Membership
from documents.roles import Role
from documents.snapshots import create_snapshot
from tests.collab.conftest import Socket, Sockets, cookie_of, in_thread

pytestmark = pytest.mark.django_db(transaction=True)
EVENTS = "/ws/events/"


async def token_of(user: Any) -> str:
    return await in_thread(lambda: Token.objects.get_or_create(user=user)[0].key)


async def listener(sockets: Sockets, user: Any) -> Socket:
    """Somebody's socket for events, welcomed."""
    socket = await sockets(EVENTS, token=await token_of(user))
    await socket.receive("welcome")
    return socket


async def ask(socket: Socket, method: str, *, live: bool = False, **params: Any) -> dict[str, Any]:
    """The answer to a request, or the error."""
    await socket.send(type="request", id=method, method=method, params=params, live=live)
    return await socket.receive("response", "error", id=method)


async def pushed(socket: Socket) -> dict[str, Any]:
    """The next thing that is new about a live list."""
    event: dict[str, Any] = (await socket.receive("push"))["event"]
    return event


def roles_in(result: dict[str, Any]) -> dict[str, str]:
    return {member["user"]["username"]: member["role"] for member in result["results"]}


async def add(document: Document, user: Any, role: Role = Role.VIEWER) -> None:
    await in_thread(lambda: add_member(document=document, user=user, role=role))


async def remove(document: Document, user: Any) -> None:
    await in_thread(
        lambda: remove_member(membership=Membership.objects.get(document=document, user=user))
    )


# Answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"), [("members.list", "members/"), ("versions.list", "versions/")]
)
async def test_document_socket_answers_what_rest_answers(
    sockets, alice, vera, text_document, api, method, path
):
    await in_thread(lambda: create_snapshot(document=text_document, label="é😀", author=alice))
    socket = await sockets.joined(vera, text_document)
    answer = await ask(socket, method)
    rest = await in_thread(
        lambda: api(vera).get(f"/api/v1/documents/{text_document.id}/{path}").json()
    )
    assert answer["result"] == rest
    assert rest["results"]
    assert "subscription" not in answer


async def test_events_socket_answers_about_any_document_of_the_user(
    sockets, bob, text_document, document, api
):
    socket = await listener(sockets, bob)
    answer = await ask(socket, "members.list", document=str(document.id))
    assert roles_in(answer["result"]) == {"alice": "owner", "bob": "editor", "vera": "viewer"}
    listed = await ask(socket, "documents.list", ordering="title", page_size=1)
    rest = await in_thread(
        lambda: api(bob).get("/api/v1/documents/?ordering=title&page_size=1").json()
    )
    assert listed["result"]["results"] == rest["results"]
    # The next page's address lacks the host, which a socket knows; the cursor bears the time.
    following = urlsplit(listed["result"]["next"])
    assert (following.netloc, following.path) == ("", urlsplit(rest["next"]).path)
    cursor = parse_qs(following.query)["cursor"][0]
    rest_of_it = await ask(socket, "documents.list", ordering="title", page_size=1, cursor=cursor)
    assert len(rest_of_it["result"]["results"]) == 1


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("nothing.list", {}, "unsupported"),
        ("members.list", {"document": "é"}, "bad_message"),
        ("members.list", {"document": str(uuid.uuid4())}, "not_found"),
        ("members.list", {"filter": {"role": "owner"}}, "bad_message"),
        ("documents.list", {"ordering": "é😀"}, "bad_message"),
        ("documents.list", {"cursor": "forged"}, "bad_message"),
    ],
)
async def test_what_cannot_be_answered_is_refused_and_the_socket_stays(
    sockets, vera, text_document, method, params, code
):
    socket = await sockets.joined(vera, text_document)
    for live in (False, True):
        error = await ask(socket, method, live=live, **params)
        assert (error["type"], error["code"]) == ("error", code)
    assert (await ask(socket, "members.list"))["type"] == "response"


async def test_who_may_not_see_a_document_learns_nothing_of_it(sockets, charlie, document):
    socket = await listener(sockets, charlie)
    missing = await ask(socket, "members.list", document=str(uuid.uuid4()))
    hidden = await ask(socket, "members.list", document=str(document.id))
    assert (hidden["code"], hidden["detail"]) == (missing["code"], missing["detail"])
    assert hidden["code"] == "not_found"
    await socket.send(type="subscribe", id=7, topics=["members"], documents=[str(document.id)])
    assert (await socket.receive("error", id=7))["code"] == "not_found"


async def test_edit_does_not_wait_behind_a_request(sockets, vera, bob, text_document, monkeypatch):
    socket = await sockets.joined(bob, text_document)
    hub = await current_hub()
    held = asyncio.Event()
    read_once = LiveLists.read_once

    async def slowly(lists: LiveLists, *arguments: Any) -> Any:
        await held.wait()
        return await read_once(lists, *arguments)

    monkeypatch.setattr(LiveLists, "read_once", slowly)
    await socket.send(type="request", id="slow", method="members.list")
    await socket.acknowledged(await socket.type("é😀"))
    for number in range(30):
        await socket.send(type="request", id=number, method="members.list")
    assert (await socket.receive("error"))["code"] == "rate_limited"
    held.set()
    await socket.receive("response", id="slow")
    assert not hub.draining


# Live ----------------------------------------------------------------------------------------


async def test_what_is_added_changed_and_removed_is_pushed_in_order(
    sockets, alice, charlie, text_document
):
    socket = await sockets.joined(alice, text_document)
    answer = await ask(socket, "members.list", live=True)
    assert answer["subscription"] == 1
    await add(text_document, charlie)
    first = await socket.receive("push")
    assert (first["subscription"], first["n"]) == (1, 1)
    assert first["event"]["kind"] == "added"
    assert first["event"]["id"] == "charlie"
    assert first["event"]["item"]["role"] == "viewer"
    membership = await in_thread(
        lambda: Membership.objects.get(document=text_document, user=charlie)
    )
    await in_thread(lambda: change_role(membership=membership, role=Role.EDITOR))
    second = await socket.receive("push")
    assert (second["n"], second["event"]["kind"]) == (2, "changed")
    assert second["event"]["item"]["role"] == "editor"
    await remove(text_document, charlie)
    third = await socket.receive("push")
    assert third == {
        "type": "push",
        "subscription": 1,
        "n": 3,
        "event": {"kind": "removed", "id": "charlie"},
    }


async def test_nothing_follows_an_unsubscribe(sockets, alice, charlie, text_document):
    socket = await sockets.joined(alice, text_document)
    await ask(socket, "members.list", live=True)
    second = await ask(socket, "members.list", live=True)
    await socket.send(type="unsubscribe", id="enough", subscription=1)
    assert (await socket.receive("response", id="enough"))["result"] is None
    await add(text_document, charlie)
    assert (await socket.receive("push"))["subscription"] == second["subscription"]
    await socket.send(type="unsubscribe", id="again", subscription=1)
    assert (await socket.receive("error", id="again"))["code"] == "not_found"


async def test_change_that_no_hint_told_of_is_found_by_its_revision(
    sockets, alice, charlie, text_document, monkeypatch
):
    socket = await sockets.joined(alice, text_document)
    await ask(socket, "members.list", live=True)
    monkeypatch.setattr(bus, "publish", lambda *_: None)
    await add(text_document, charlie)
    await (await current_hub()).lists.poll()
    assert (await pushed(socket))["id"] == "charlie"


async def test_change_between_the_reading_and_the_answer_is_pushed(
    sockets, alice, charlie, text_document, monkeypatch
):
    socket = await sockets.joined(alice, text_document)
    hub = await current_hub()
    read = hub.read
    changed = False

    async def change_behind_it(work: Any) -> Any:
        nonlocal changed
        found = await read(work)
        if not changed:
            changed = True
            await add(text_document, charlie)
        return found

    monkeypatch.setattr(hub.lists._services, "read", change_behind_it)
    answer = await ask(socket, "members.list", live=True)
    assert "charlie" not in roles_in(answer["result"])
    assert (await pushed(socket))["id"] == "charlie"


async def test_own_list_of_documents_is_live(sockets, bob, alice, document, text_document):
    socket = await listener(sockets, bob)
    answer = await ask(socket, "documents.list", live=True)
    assert len(answer["result"]["results"]) == 2
    await in_thread(lambda: rename_document(document=document, title="Renamed é😀"))
    event = await pushed(socket)
    assert (event["kind"], event["item"]["title"]) == ("changed", "Renamed é😀")
    await in_thread(lambda: trash_document(document=document))
    event = await pushed(socket)
    assert (event["kind"], event["id"]) == ("removed", str(document.id))

    def share_another() -> Document:
        made = create_document(owner=alice, title="New")
        add_member(document=made, user=find_user(username="bob"), role=Role.VIEWER)
        return made

    made = await in_thread(share_another)
    event = await pushed(socket)
    assert (event["kind"], event["id"], event["item"]["role"]) == ("added", str(made.id), "viewer")


async def test_part_of_a_list_is_live_without_what_stands_behind_it(sockets, alice):
    documents = await in_thread(
        lambda: [create_document(owner=alice, title=f"{number:02}") for number in range(6)]
    )
    socket = await listener(sockets, alice)
    answer = await ask(socket, "documents.list", live=True, ordering="title", page_size=3)
    assert [item["title"] for item in answer["result"]["results"]] == ["00", "01", "02"]
    await in_thread(lambda: create_document(owner=alice, title="00 a"))
    event = await pushed(socket)
    assert (event["kind"], event["item"]["title"]) == ("added", "00 a")
    await in_thread(lambda: rename_document(document=documents[5], title="behind"))
    await in_thread(lambda: rename_document(document=documents[1], title="01 é😀"))
    event = await pushed(socket)
    assert (event["kind"], event["item"]["title"]) == ("changed", "01 é😀")


async def test_item_that_moves_behind_the_live_part_is_not_said_to_be_removed(
    sockets, alice, text_document, monkeypatch
):
    monkeypatch.setattr("collab.lists._MAX_ITEMS", 5)
    monkeypatch.setattr("collab.lists._MARGIN", 2)
    socket = await sockets.joined(alice, text_document)
    await ask(socket, "messages.list", live=True)
    for number in range(8):
        text = f"é😀 {number}"
        await in_thread(partial(post_message, document=text_document, author=alice, text=text))
        event = await pushed(socket)
        assert (event["kind"], event["item"]["text"]) == ("added", text)


async def test_who_loses_access_is_told_so_and_pushed_nothing_more(
    sockets, alice, bob, vera, charlie, document
):
    socket, other = await listener(sockets, bob), await listener(sockets, vera)
    for each in (socket, other):
        await ask(each, "members.list", live=True, document=str(document.id))
    await remove(document, bob)
    error = await socket.receive("error", "push")
    assert (error["type"], error["id"], error["code"]) == ("error", "members.list", "not_found")
    assert (await pushed(other)) == {"kind": "removed", "id": "bob"}
    await add(document, charlie)
    assert (await pushed(other))["id"] == "charlie"
    await socket.send(type="ping", id=1)
    assert (await socket.receive("pong", "push"))["type"] == "pong"


async def test_live_lists_of_a_socket_are_bounded(sockets, alice, text_document):
    socket = await sockets.joined(alice, text_document)
    for _ in range(MAX_SUBSCRIPTIONS):
        assert (await ask(socket, "members.list", live=True))["type"] == "response"
    assert (await ask(socket, "members.list", live=True))["code"] == "rate_limited"
    await socket.leave()
    assert not (await current_hub()).lists._watches


async def test_many_who_watch_cost_one_reading(
    sockets, alice, bob, vera, charlie, text_document, monkeypatch
):
    watching = [await sockets.joined(user, text_document) for user in (alice, bob, vera)]
    for socket in watching:
        await ask(socket, "members.list", live=True)
    hub = await current_hub()
    reads = 0
    read = hub.read

    async def count(work: Any) -> Any:
        nonlocal reads
        reads += 1
        return await read(work)

    monkeypatch.setattr(hub.lists._services, "read", count)
    await add(text_document, charlie)
    for socket in watching:
        assert (await pushed(socket))["id"] == "charlie"
    # By the hint about the list, and at most once more by the one about access.
    assert reads <= 2


async def test_slow_reader_is_told_the_sum_of_it_later(sockets, alice, text_document):
    hub = await current_hub()
    told: list[Any] = []
    answered = asyncio.Event()
    is_behind = True
    subscriber = Subscriber(alice.pk, told.append, lambda _: None, is_behind=lambda: is_behind)
    request = parse_request("members.list", {}, document_id=text_document.id)
    await hub.lists.subscribe(request, subscriber, lambda _: answered.set())
    assert answered.is_set()
    users = await in_thread(
        lambda: [get_user_model().objects.create(username=f"u{number}") for number in range(3)]
    )
    for user in users:
        await add(text_document, user)
    await remove(text_document, users[0])
    (watch,) = hub.lists._watches.values()
    await hub.lists._read_and_tell(watch)
    assert told == []
    is_behind = False
    await hub.lists._read_and_tell(watch)
    assert [change.id for change in told] == ["u1", "u2"]
    hub.lists.unsubscribe(request, subscriber)


async def test_refused_subscription_leaves_nothing_behind(sockets, charlie, text_document):
    hub = await current_hub()
    request = parse_request("members.list", {}, document_id=text_document.id)
    subscriber = Subscriber(charlie.pk, print, print, is_behind=lambda: False)
    with pytest.raises(ListRefused):
        await hub.lists.subscribe(request, subscriber, print)
    assert not hub.lists._watches
    assert hub._hints._wanted.keys() == {bus.PEOPLE}


# Events --------------------------------------------------------------------------------------


async def test_events_need_somebody_who_is_signed_in(sockets, alice, text_document):
    nobody = await sockets(EVENTS)
    await nobody.send(type="hello")
    assert await nobody.close_code() == 4401
    wrong = await sockets(EVENTS, token="0" * 40)
    assert await wrong.close_code() == 4401
    by_ticket = await sockets(f"{EVENTS}?ticket=abc")
    assert await by_ticket.close_code() == 4401
    by_cookie = await sockets(
        EVENTS, cookie=await in_thread(lambda: cookie_of(alice)), origin="http://testserver"
    )
    welcome = await by_cookie.receive("welcome")
    assert (welcome["role"], welcome["epoch"], welcome["head"]) == (None, None, None)
    assert welcome["user"]["username"] == "alice"
    by_hello = await sockets(EVENTS)
    await by_hello.send(type="hello", token=await token_of(alice))
    assert (await by_hello.receive("welcome"))["user"]["username"] == "alice"


async def test_events_socket_has_no_document(sockets, alice):
    socket = await listener(sockets, alice)
    await socket.send(type="sync", id=1, state_vector="AA==")
    assert (await socket.receive("error"))["code"] == "unsupported"
    await socket.send(type="ping", id=2)
    await socket.receive("pong", id=2)


async def test_events_come_for_the_topics_and_documents_that_were_chosen(
    sockets, alice, charlie, document, text_document
):
    socket = await listener(sockets, alice)
    await socket.send(
        type="subscribe", id=1, topics=["documents", "members"], documents=[str(document.id)]
    )
    await socket.receive("response", id=1)
    await add(text_document, charlie)
    await add(document, charlie)
    event = await socket.receive("event", topic="members")
    assert (event["document"], event["event"]["id"]) == (str(document.id), "charlie")
    await in_thread(lambda: rename_document(document=text_document, title="é😀"))
    event = await socket.receive("event", topic="documents")
    assert "document" not in event
    assert event["event"]["item"]["title"] == "é😀"
    await socket.send(type="subscribe", id=2, topics=[])
    await socket.receive("response", id=2)
    await remove(document, charlie)
    await socket.send(type="ping", id=3)
    assert (await socket.receive("pong", "event"))["type"] == "pong"


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        ({"topics": ["é😀"]}, "bad_message"),
        ({"topics": ["members"]}, "bad_message"),
        ({"topics": "members"}, "bad_message"),
        ({"topics": ["members"], "documents": ["é"]}, "bad_message"),
        ({"topics": ["members"] * 101}, "bad_message"),
    ],
)
async def test_bad_choice_is_refused(sockets, alice, chosen, code):
    socket = await listener(sockets, alice)
    await socket.send(type="subscribe", id=1, **chosen)
    assert (await socket.receive("error"))["code"] == code


async def test_events_socket_counts_and_is_closed_with_the_server(sockets, alice, monkeypatch):
    hub = await current_hub()
    socket = await listener(sockets, alice)
    assert hub.guard._connections[f"user {alice.pk}"] == 1
    await socket.leave()
    assert not hub.guard._connections[f"user {alice.pk}"]
    other = await listener(sockets, alice)
    await drain_hub()
    assert await other.close_code() == 1012
