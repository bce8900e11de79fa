"""What people say to each other over the JSON wire: to all in the chat, or to one of them."""

import asyncio
from typing import Any

import pytest
from django.db import OperationalError
from rest_framework.authtoken.models import Token

from collab import talk
from collab.hub import Hub, current_hub
from collab.sessions import Session
from collab.wire.messages import Person as WirePerson
from collab.wire.messages import PresenceEntry
from collab.wire.states import MAX_DIRECT_BYTES
from documents import bus
from documents.lifecycle import create_document
from documents.links import change_link
from documents.members import remove_member
from documents.messages import MAX_MESSAGE_LENGTH, post_message
from documents.models import Document, LinkReach, Membership, Message
from documents.revocation import digest_of
from documents.roles import Role
from tests.collab.binary import BinarySocket
from tests.collab.conftest import Socket, Sockets, in_thread, path_to

pytestmark = pytest.mark.django_db(transaction=True)


async def guest(sockets: Sockets, document: Document, role: Role) -> Socket:
    """A visitor by a link of that role, welcomed."""
    await in_thread(
        lambda: change_link(document=document, reach=LinkReach.ANYONE, role=role, expires_at=None)
    )
    socket = await sockets(path_to(document))
    await socket.send(type="hello")
    return socket


async def entered(sockets: Sockets, user: Any, document: Document) -> tuple[Socket, str]:
    """Somebody's socket, joined, and its connection."""
    socket = await sockets.of(user, document)
    return socket, (await socket.join())["connection"]


async def say(socket: Socket, text: Any, id_: Any = 1) -> dict[str, Any]:
    await socket.send(type="chat", id=id_, text=text)
    return await socket.receive("chat", "error", id=id_)


async def direct(socket: Socket, to: Any, data: Any = None, id_: Any = 2) -> None:
    await socket.send(type="direct", id=id_, to=to, data=data)


async def stored() -> list[str]:
    return await in_thread(
        lambda: list(Message.objects.order_by("id").values_list("text", flat=True))
    )


def hear_nothing_more(socket: Socket) -> Any:
    """What comes before the answer to a ping."""

    async def until_pong() -> list[str]:
        await socket.send(type="ping", id="now")
        seen = []
        while (message := await socket.next())["type"] != "pong":
            seen.append(message["type"])
        return seen

    return until_pong()


# Chat --------------------------------------------------------------------------------------------


async def test_what_is_said_reaches_everybody_and_stands_in_the_list(
    sockets, bob, vera, text_document, api
):
    bobs, veras = [await sockets.joined(user, text_document) for user in (bob, vera)]
    mine = await say(bobs, "  Hallo é😀 ", "mine")
    (item,) = (
        await in_thread(
            lambda: api(vera).get(f"/api/v1/documents/{text_document.id}/messages/").json()
        )
    )["results"]
    assert item == {
        "id": mine["message"],
        "user": {"username": "bob", "name": "Bob"},
        "text": "Hallo é😀",
        "at": mine["at"],
    }
    said = {"type": "chat", "message": item["id"], **{k: item[k] for k in ("user", "text", "at")}}
    assert mine == {**said, "id": "mine"}
    assert await veras.receive("chat") == said
    assert "chat" not in await hear_nothing_more(bobs)


async def test_what_is_said_over_rest_reaches_everybody_too(sockets, alice, vera, text_document):
    veras = await sockets.joined(vera, text_document)
    await in_thread(lambda: post_message(document=text_document, author=alice, text="é😀"))
    said = await veras.receive("chat")
    assert (said["user"]["username"], said["text"]) == ("alice", "é😀")


async def test_who_watches_the_messages_is_told_of_what_was_said_on_a_socket(
    sockets, bob, vera, text_document
):
    bobs, veras = [await sockets.joined(user, text_document) for user in (bob, vera)]
    await veras.send(type="request", id=1, method="messages.list", live=True)
    await veras.receive("response")
    mine = await say(bobs, "é😀")
    event = (await veras.receive("push"))["event"]
    assert (event["kind"], event["id"]) == ("added", mine["message"])


async def test_one_is_heard_in_the_order_in_which_one_spoke(sockets, bob, vera, text_document):
    bobs, veras = [await sockets.joined(user, text_document) for user in (bob, vera)]
    for number in range(10):
        await bobs.send(type="chat", id=number, text=str(number))
    heard = [await veras.receive("chat") for _ in range(10)]
    assert [said["text"] for said in heard] == [str(number) for number in range(10)]
    assert [said["message"] for said in heard] == sorted(said["message"] for said in heard)
    assert [(await bobs.receive("chat"))["id"] for _ in range(10)] == list(range(10))


async def test_viewers_listen(sockets, bob, vera, text_document):
    bobs, veras = [await sockets.joined(user, text_document) for user in (bob, vera)]
    refused = await say(veras, "é😀")
    assert (refused["type"], refused["code"]) == ("error", "forbidden")
    assert "chat" not in await hear_nothing_more(bobs)
    assert await stored() == []


async def test_guests_talk_where_the_link_lets_them_comment(sockets, alice, text_document):
    owner = await sockets.joined(alice, text_document)
    listener = await guest(sockets, text_document, Role.VIEWER)
    await listener.join()
    assert (await say(listener, "é"))["code"] == "forbidden"
    talker = await guest(sockets, text_document, Role.COMMENTER)
    welcome = await talker.join()
    assert (await say(talker, "é😀"))["user"] == welcome["user"]
    assert (await owner.receive("chat"))["user"] == welcome["user"]
    author = await in_thread(lambda: Message.objects.get().author)
    assert author is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_message"),
        (" \n ", "bad_message"),
        ("a\0b", "bad_message"),
        ("\ud800", "bad_message"),
        (None, "bad_message"),
        ({"é": "😀"}, "bad_message"),
        ("😀" * (MAX_MESSAGE_LENGTH + 1), "too_large"),
    ],
)
async def test_what_is_no_message_is_refused_and_nobody_is_disturbed(
    sockets, bob, vera, text_document, text, code
):
    bobs, veras = [await sockets.joined(user, text_document) for user in (bob, vera)]
    refused = await say(bobs, text)
    assert (refused["type"], refused["code"]) == ("error", code)
    longest = "😀" * MAX_MESSAGE_LENGTH
    assert (await say(bobs, longest))["text"] == longest
    assert (await veras.receive("chat"))["text"] == longest
    assert await stored() == [longest]


async def test_who_talks_too_fast_is_slowed_and_edits_on(sockets, bob, text_document):
    socket = await sockets.joined(bob, text_document)
    for number in range(40):
        await socket.send(type="chat", id=number, text=str(number))
    refused = await socket.receive("error")
    assert refused["code"] == "rate_limited"
    assert 0 < refused["retry_ms"] <= 1000
    await socket.acknowledged(await socket.type("é😀"))


async def test_message_that_cannot_be_stored_is_not_told_and_the_next_is(
    sockets, bob, vera, text_document, monkeypatch, caplog
):
    bobs, veras = [await sockets.joined(user, text_document) for user in (bob, vera)]
    works = False

    def post(**arguments: Any) -> Message:
        nonlocal works
        if not works:
            works = True
            raise OperationalError("database is locked")
        return post_message(**arguments)

    monkeypatch.setattr(talk, "post_message", post)
    await bobs.send(type="chat", id="lost", text="lost")
    await bobs.send(type="chat", id="kept", text="kept é😀")
    assert (await bobs.receive("error"))["id"] == "lost"
    assert (await bobs.receive("chat"))["id"] == "kept"
    assert (await veras.receive("chat"))["text"] == "kept é😀"
    assert "could not be stored" in caplog.text


async def test_who_was_removed_says_nothing_even_before_it_is_heard_of(
    sockets, bob, vera, text_document, monkeypatch
):
    bobs, veras = [await sockets.joined(user, text_document) for user in (bob, vera)]
    monkeypatch.setattr(bus, "publish", lambda *hints: None)
    await in_thread(
        lambda: remove_member(membership=Membership.objects.get(user=bob, document=text_document))
    )
    assert (await say(bobs, "é😀"))["code"] == "not_found"
    assert "chat" not in await hear_nothing_more(veras)


async def test_what_is_said_behind_a_log_out_is_not_stored(sockets, bob, vera, text_document):
    bobs, veras = [await sockets.joined(user, text_document) for user in (bob, vera)]
    key = await in_thread(lambda: Token.objects.get(user=bob).key)
    (await current_hub()).guard.hear(bus.credentials_changed(over=digest_of(key)))
    await bobs.send(type="chat", id=1, text="late")
    assert await bobs.close_code() == 4403
    assert "chat" not in await hear_nothing_more(veras)
    assert await stored() == []


async def test_events_socket_has_no_chat(sockets, bob, text_document):
    token = await in_thread(lambda: Token.objects.create(user=bob).key)
    socket = await sockets("/ws/events/", token=token)
    for fields in ({"type": "chat", "text": "é"}, {"type": "direct", "to": "x", "data": 1}):
        await socket.send(id="é😀", **fields)
        assert (await socket.receive("error"))["code"] == "unsupported"


async def test_who_does_not_keep_up_finds_it_in_the_list(
    sockets, bob, vera, text_document, monkeypatch
):
    bobs = await sockets.joined(bob, text_document)
    veras, slow = await entered(sockets, vera, text_document)
    with monkeypatch.context() as behind:
        behind.setattr(Session, "is_behind", lambda session: session.connection == slow)
        await say(bobs, "missed")
    await say(bobs, "heard é😀")
    assert (await veras.receive("chat"))["text"] == "heard é😀"
    assert await stored() == ["missed", "heard é😀"]


async def test_what_another_process_says_is_told_here_once(sockets, vera, text_document):
    veras = await sockets.joined(vera, text_document)
    hint: bus.ChatHint = {
        "type": "chat",
        "document": str(text_document.id),
        "origin": "another",
        "message": 7,
        "username": None,
        "name": "Guest 1f3a",
        "text": "é😀",
        "at": "2026-01-02T03:04:05Z",
    }
    await bus.send(hint)
    said = await veras.receive("chat")
    assert said["user"] == {"username": None, "name": "Guest 1f3a"}
    assert (said["message"], said["text"], said["at"]) == (7, "é😀", "2026-01-02T03:04:05Z")


# To one of them ---------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [None, {"look": {"at": 7}}, ["é😀", 1.5, True], "é😀"])
async def test_direct_reaches_that_one_connection(sockets, bob, vera, text_document, data):
    bobs, bobs_connection = await entered(sockets, bob, text_document)
    veras, veras_connection = await entered(sockets, vera, text_document)
    second, _ = await entered(sockets, vera, text_document)
    await direct(bobs, veras_connection, data)
    assert await veras.receive("direct") == {
        "type": "direct",
        "from": bobs_connection,
        "data": data,
    }
    # Viewers may answer.
    await direct(veras, bobs_connection, "thanks")
    assert (await bobs.receive("direct", "error"))["from"] == veras_connection
    assert "direct" not in await hear_nothing_more(second)


async def test_guests_reach_and_are_reached(sockets, alice, text_document):
    owner, owners_connection = await entered(sockets, alice, text_document)
    visitor = await guest(sockets, text_document, Role.VIEWER)
    connection = (await visitor.join())["connection"]
    await direct(owner, connection, "é😀")
    assert (await visitor.receive("direct"))["from"] == owners_connection
    await direct(visitor, owners_connection, "é😀")
    assert (await owner.receive("direct"))["from"] == connection


async def test_nobody_outside_of_the_document_is_reached(sockets, alice, bob, text_document):
    other = await in_thread(lambda: create_document(owner=alice, kind="text"))
    there, connection = await entered(sockets, alice, other)
    here, _ = await entered(sockets, bob, text_document)
    answers = []
    for to in (connection, "nobody é😀"):
        await direct(here, to, "é😀")
        answers.append(await here.receive("error", id=2))
    assert answers[0] == answers[1]
    assert answers[0]["code"] == "not_found"
    assert "direct" not in await hear_nothing_more(there)


async def test_stock_clients_have_no_word_for_it(sockets, alice, bob, text_document):
    owner, _ = await entered(sockets, alice, text_document)
    token = await in_thread(lambda: Token.objects.create(user=bob).key)
    stock = BinarySocket(f"/ws/yjs/{text_document.id}?token={token}")
    await stock.connect()
    connection = (await owner.receive("presence"))["joined"]["connection"]
    await direct(owner, connection, "é😀")
    assert (await owner.receive("error"))["code"] == "not_found"
    assert (await say(owner, "é😀"))["type"] == "chat"
    await stock.communicator.disconnect()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"data": "x" * MAX_DIRECT_BYTES}, "too_large"),
        ({"data": "\0" * (MAX_DIRECT_BYTES // 6 + 1)}, "too_large"),
        ({}, "bad_message"),
        ({"data": 1, "to": None}, "bad_message"),
        ({"data": 1, "to": ["é😀"]}, "bad_message"),
    ],
)
async def test_what_cannot_be_handed_on_is_refused(sockets, bob, vera, text_document, fields, code):
    bobs, _ = await entered(sockets, bob, text_document)
    veras, connection = await entered(sockets, vera, text_document)
    await bobs.send(**{"type": "direct", "id": "é", "to": connection, **fields})
    refused = await bobs.receive("error")
    assert (refused["id"], refused["code"]) == ("é", code)
    await direct(bobs, connection, "still here")
    assert (await veras.receive("direct"))["data"] == "still here"


async def test_what_is_nested_too_deeply_is_refused(sockets, bob, text_document):
    bobs, connection = await entered(sockets, bob, text_document)
    deep: Any = None
    for _ in range(900):
        deep = [deep]
    await direct(bobs, connection, deep)
    assert (await bobs.receive("error", "direct"))["code"] == "bad_message"


async def test_who_sends_too_many_is_slowed(sockets, bob, vera, text_document):
    bobs, _ = await entered(sockets, bob, text_document)
    _, connection = await entered(sockets, vera, text_document)
    for number in range(200):
        await direct(bobs, connection, number)
    refused = await bobs.receive("error")
    assert refused["code"] == "rate_limited"
    assert 0 < refused["retry_ms"] <= 1000


async def test_who_does_not_keep_up_is_not_reached(sockets, bob, vera, text_document, monkeypatch):
    bobs, _ = await entered(sockets, bob, text_document)
    veras, slow = await entered(sockets, vera, text_document)
    with monkeypatch.context() as behind:
        behind.setattr(Session, "is_behind", lambda session: session.connection == slow)
        await direct(bobs, slow, "missed")
        assert (await bobs.receive("error"))["code"] == "not_found"
    assert "direct" not in await hear_nothing_more(veras)


async def test_who_is_in_another_process_is_reached_by_it(sockets, bob, text_document, monkeypatch):
    said: list[bus.Hint] = []
    heard = asyncio.Event()

    def publish(hub: Hub, hint: bus.Hint) -> None:
        if hint["type"] == "direct":
            said.append(hint)
            heard.set()

    monkeypatch.setattr(Hub, "publish", publish)
    bobs, connection = await entered(sockets, bob, text_document)
    room = await (await current_hub()).enter(text_document.id)
    away = PresenceEntry("away", WirePerson("vera", "Vera"), "viewer", "2026-01-02T03:04:05Z")
    room.audience.set_elsewhere([away])
    await direct(bobs, "away", {"é": "😀"})
    await asyncio.wait_for(heard.wait(), 10)
    (hint,) = said
    # And the other process hands it over: here, to bob himself.
    await bus.send({**hint, "to": connection, "origin": "another"})  # type: ignore[typeddict-item]
    assert (await bobs.receive("direct"))["data"] == {"é": "😀"}
    await bus.send({**hint, "to": "gone", "origin": "another"})  # type: ignore[typeddict-item]
    assert "direct" not in await hear_nothing_more(bobs)
