"""The Hocuspocus wire: documents on one socket, who is denied, and what is acknowledged when."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.authtoken.models import Token

from collab.hub import current_hub, drain_hub
from collab.wire.messages import CloseCode
from documents.lifecycle import create_document
from documents.members import change_role, remove_member
from documents.models import Document, Membership
from documents.roles import Role
from documents.tickets import issue_ticket
from tests.collab.binary import (
    BinarySocket,
    auth,
    awareness,
    chunk,
    insert,
    states_in,
    step_1,
    step_2,
    update,
)
from tests.collab.conftest import Sockets, cookie_of, in_thread

pytestmark = pytest.mark.django_db(transaction=True)

NOTHING = b"\0\0"
DENIED, READ_WRITE, READ_ONLY = b"\2\1", b"\2\2" + chunk("read-write"), b"\2\2" + chunk("readonly")
WANTED, SAVED, NOT_SAVED = b"\2\0", b"\x08\1", b"\x08\0"
SERVER_STEP_1, SERVER_STEP_2, SERVER_UPDATE, STATELESS = b"\0\0", b"\0\1", b"\0\2", b"\5"

Open = Callable[..., Awaitable[BinarySocket]]


class Line:
    """One document on a socket."""

    def __init__(self, socket: BinarySocket, key: Any) -> None:
        self.socket, self.key = socket, chunk(str(key))

    async def send(self, *bodies: bytes) -> None:
        for body in bodies:
            await self.socket.send(self.key + body)

    async def until(self, *wanted: bytes) -> bytes:
        """The next body, under this key, that begins with one of these."""
        got = await self.socket.until(*(self.key + body for body in wanted))
        assert isinstance(got, bytes)
        return got[len(self.key) :]

    async def attach(self, token: str, version: str = "") -> bytes:
        """Authenticate with a sync behind it, as the providers do; until the state is here."""
        await self.send(auth(token, version), step_1())
        scope = await self.until(READ_WRITE, READ_ONLY, DENIED)
        if not scope.startswith(DENIED):
            await self.until(SERVER_STEP_2)
        return scope


async def token_of(user: Any) -> str:
    return await in_thread(lambda: Token.objects.get_or_create(user=user)[0].key)


async def ticket_of(user: Any, document: Document, *, seconds: int = 60) -> str:
    return await in_thread(
        lambda: issue_ticket(user=user, document=document, expires_in_seconds=seconds)[0]
    )


@pytest.fixture
async def hocuspocus(sockets: Sockets) -> AsyncIterator[Open]:
    opened: list[BinarySocket] = []

    async def open_(query: str = "", **headers: str) -> BinarySocket:
        socket = BinarySocket(f"/ws/hocuspocus{query}", **headers)
        opened.append(socket)
        return await socket.connect()

    yield open_
    for socket in opened:
        if not socket.communicator.future.done():
            await socket.communicator.disconnect()
    await drain_hub()


@pytest.fixture
def second_document(alice: Any) -> Document:
    return create_document(owner=alice, title="Another 😀", kind="text")


async def attached(hocuspocus: Open, user: Any, document: Document, *, session: str = "") -> Line:
    line = Line(await hocuspocus(), f"{document.id}\0{session}" if session else document.id)
    await line.attach(await token_of(user))
    return line


# Doors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["", "4.8.0"])
async def test_token_with_a_sync_behind_it_opens_the_door(hocuspocus, bob, text_document, version):
    line = Line(await hocuspocus(), text_document.id)
    assert await line.attach(await token_of(bob), version) == READ_WRITE


async def test_ticket_opens_the_door_and_viewers_may_read_only(hocuspocus, vera, text_document):
    line = Line(await hocuspocus(), text_document.id)
    assert await line.attach(await ticket_of(vera, text_document)) == READ_ONLY


async def test_empty_token_means_what_the_socket_brought_along(hocuspocus, bob, text_document):
    cookie = await in_thread(lambda: cookie_of(bob))
    line = Line(await hocuspocus(cookie=cookie, origin="http://testserver"), text_document.id)
    assert await line.attach("") == READ_WRITE
    foreign = Line(await hocuspocus(cookie=cookie, origin="http://else.example"), text_document.id)
    assert b"Origin" in await foreign.attach("")


async def test_denial_is_for_one_document_and_leaves_the_socket_open(
    hocuspocus, bob, text_document
):
    socket = await hocuspocus()
    denied, other = Line(socket, uuid.uuid4()), Line(socket, text_document.id)
    assert b"no such document" in await denied.attach(await token_of(bob))
    # What still comes for it is ignored.
    await denied.send(step_1(), update(insert("x", client=7)), b"\xff")
    assert await other.attach(await token_of(bob)) == READ_WRITE


@pytest.mark.parametrize("token", ["nonsense", "0" * 40, ""])
async def test_wrong_token_is_denied(hocuspocus, text_document, token):
    line = Line(await hocuspocus(), text_document.id)
    assert (await line.attach(token)).startswith(DENIED)


async def test_key_that_is_no_document_is_denied(hocuspocus, bob):
    line = Line(await hocuspocus(), "my document é😀")
    assert b"no such document" in await line.attach(await token_of(bob))


async def test_who_does_not_authenticate_is_told_to(hocuspocus, text_document):
    line = Line(await hocuspocus(), text_document.id)
    await line.send(step_1())
    assert b"bring a token" in await line.until(DENIED)


async def test_better_token_after_a_denial_is_taken(hocuspocus, bob, text_document):
    line = Line(await hocuspocus(), text_document.id)
    assert (await line.attach("nonsense")).startswith(DENIED)
    assert await line.attach(await token_of(bob)) == READ_WRITE


async def test_third_denial_in_a_row_is_a_slow_one(hocuspocus, text_document):
    socket = await hocuspocus()
    line = Line(socket, text_document.id)
    for _ in range(2):
        await line.send(auth("nonsense"))
        await line.until(DENIED)
    await line.send(auth("nonsense"))
    assert await socket.communicator.receive_nothing(timeout=0.3)


# Sessions ------------------------------------------------------------------------------------


async def test_two_documents_on_one_socket_stay_apart(
    hocuspocus, alice, text_document, second_document
):
    socket, token = await hocuspocus(), await token_of(alice)
    first, second = Line(socket, text_document.id), Line(socket, second_document.id)
    await first.attach(token)
    await second.attach(token)
    await first.send(step_2(NOTHING), update(insert("é", client=7)))
    await first.until(SAVED)
    await first.until(SAVED)
    await second.send(update(insert("😀", client=8)))
    await second.until(SAVED)
    hub = await current_hub()
    rooms = [await hub.enter(document.id) for document in (text_document, second_document)]
    assert [room.head for room in rooms] == [1, 1]


async def test_two_sessions_of_one_document_on_one_socket_hear_each_other(
    hocuspocus, alice, text_document
):
    socket, token = await hocuspocus(), await token_of(alice)
    first = Line(socket, f"{text_document.id}\0one")
    second = Line(socket, f"{text_document.id}\0two")
    await first.attach(token)
    await second.attach(token)
    written = insert("é😀", client=7)
    await first.send(update(written))
    assert await second.until(SERVER_UPDATE) == update(written)
    await first.until(SAVED)


async def test_detached_session_leaves_and_can_come_again(hocuspocus, alice, bob, text_document):
    line = await attached(hocuspocus, bob, text_document)
    watcher = await attached(hocuspocus, alice, text_document)
    await line.send(awareness(7, 1, "{}"))
    await watcher.until(awareness(7, 1, "{}"))
    await line.send(b"\7")
    await watcher.until(awareness(7, 1, "null"))
    assert await line.attach(await token_of(bob)) == READ_WRITE


async def test_status_says_saved_after_the_commit_and_once_for_each_edit(
    hocuspocus, bob, text_document
):
    line = await attached(hocuspocus, bob, text_document)
    await line.send(step_2(NOTHING), update(insert("a", client=7)), update(insert("b", client=8)))
    for _ in range(3):
        await line.until(SAVED)
    assert await line.socket.communicator.receive_nothing(timeout=0.1)


async def test_reader_is_told_what_is_not_saved(hocuspocus, alice, vera, text_document):
    writer = await attached(hocuspocus, alice, text_document)
    known = insert("é😀", client=7)
    await writer.send(update(known))
    await writer.until(SAVED)
    reader = await attached(hocuspocus, vera, text_document)
    await reader.send(step_2(known))
    assert await reader.until(SAVED, NOT_SAVED) == SAVED
    await reader.send(step_2(insert("x", client=8)))
    assert await reader.until(SAVED, NOT_SAVED) == NOT_SAVED
    await reader.send(update(insert("y", client=9)))
    assert await reader.until(SAVED, NOT_SAVED) == NOT_SAVED


async def test_answer_that_the_server_asked_for_of_itself_has_no_status(
    hocuspocus, alice, bob, text_document
):
    author = await attached(hocuspocus, alice, text_document)
    await author.send(step_2(NOTHING))
    await author.until(SAVED)
    await author.send(awareness(7, 1, "{}"))
    await author.until(awareness(7, 1, "{}"))
    relay = await attached(hocuspocus, bob, text_document)
    written = insert("é", client=7)
    await relay.send(step_2(NOTHING), update(written))
    # It is written in the name of somebody who is here: they are asked.
    await author.until(SERVER_STEP_1)
    await author.send(step_2(written), update(insert("x", client=9)))
    await relay.until(SAVED)
    await relay.until(SAVED)
    assert await author.until(SAVED) == SAVED
    assert await author.socket.communicator.receive_nothing(timeout=0.1)


async def test_edit_that_came_too_early_is_saved_with_the_whole(hocuspocus, bob, text_document):
    line = await attached(hocuspocus, bob, text_document)
    await line.send(step_2(NOTHING))
    await line.until(SAVED)
    whole = insert("abcd", client=7)
    tail = bytes.fromhex("0101070284070102636400")
    await line.send(update(tail))
    await line.until(SERVER_STEP_1)
    await line.send(step_2(whole))
    assert await line.until(SAVED) == SAVED
    assert await line.socket.communicator.receive_nothing(timeout=0.1)


# What changes while connected ----------------------------------------------------------------


async def test_role_that_changes_changes_the_scope(hocuspocus, bob, text_document):
    line = await attached(hocuspocus, bob, text_document)
    membership = await in_thread(lambda: Membership.objects.get(user=bob))
    await in_thread(lambda: change_role(membership=membership, role=Role.VIEWER))
    await line.until(READ_ONLY)
    await in_thread(lambda: change_role(membership=membership, role=Role.EDITOR))
    await line.until(READ_WRITE)


async def test_removal_denies_and_leaves_the_socket_open(hocuspocus, bob, text_document):
    line = await attached(hocuspocus, bob, text_document)
    await in_thread(lambda: remove_member(membership=Membership.objects.get(user=bob)))
    await line.until(DENIED)
    await line.socket.send(b"\x09")
    assert await line.socket.next() == b"\x0a"


async def test_room_that_closes_for_a_while_closes_the_socket(hocuspocus, bob, text_document):
    line = await attached(hocuspocus, bob, text_document)
    room = await (await current_hub()).enter(text_document.id)
    room.close(CloseCode.TRY_AGAIN_LATER, "the document is being reopened")
    assert await line.socket.close_code() == 1013


async def test_ticket_that_ends_is_asked_for_anew(hocuspocus, bob, text_document, settings):
    settings.COLLAB = {"renewal_seconds": 0.3}
    line = Line(await hocuspocus(), text_document.id)
    await line.attach(await ticket_of(bob, text_document, seconds=1))
    assert await line.until(WANTED) == WANTED
    await line.send(auth(await ticket_of(bob, text_document)))
    await line.until(READ_WRITE)
    await line.send(update(insert("é", client=7)))
    assert await line.until(SAVED, DENIED) == SAVED
    assert await line.socket.communicator.receive_nothing(timeout=0.4)


async def test_ticket_that_is_not_renewed_is_over(hocuspocus, bob, text_document, settings):
    settings.COLLAB = {"renewal_seconds": 0.05}
    line = Line(await hocuspocus(), text_document.id)
    await line.attach(await ticket_of(bob, text_document, seconds=1))
    await line.until(WANTED)
    assert b"expired" in await line.until(DENIED)


async def test_somebody_elses_ticket_renews_nothing(hocuspocus, bob, vera, text_document):
    line = await attached(hocuspocus, bob, text_document)
    await line.send(auth(await ticket_of(vera, text_document)))
    assert b"somebody else" in await line.until(DENIED)


async def test_expired_ticket_opens_no_door(hocuspocus, bob, text_document, monkeypatch):
    ticket = await ticket_of(bob, text_document, seconds=1)
    later = timezone.now() + timedelta(seconds=5)
    monkeypatch.setattr("documents.tickets.timezone.now", lambda: later)
    line = Line(await hocuspocus(), text_document.id)
    assert b"expired" in await line.attach(ticket)


# Everything else -----------------------------------------------------------------------------


async def test_stateless_message_reaches_the_others_and_not_its_sender(
    hocuspocus, alice, bob, sockets, text_document
):
    sender = await attached(hocuspocus, bob, text_document)
    other = await attached(hocuspocus, alice, text_document)
    json_client = await sockets.joined(alice, text_document)
    await sender.send(STATELESS + chunk("é😀"), update(insert("x", client=7)))
    assert await other.until(STATELESS) == STATELESS + chunk("é😀")
    assert await sender.until(SAVED, STATELESS) == SAVED
    assert (await json_client.receive("update"))["type"] == "update"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0\2\x05\1",
        b"\x04\0",
        b"\x06" + chunk("to all"),
        b"\x08\1",
        b"\x63",
        b"\2\1" + chunk("x"),
        step_1(b"\xff"),
        update(b"\xff\xff\xff"),
        STATELESS + chunk("x" * 70_000),
        awareness(1, 1, "7"),
    ],
)
async def test_bad_frame_denies_its_document(hocuspocus, bob, text_document, body):
    line = await attached(hocuspocus, bob, text_document)
    await line.send(body)
    assert len(await line.until(DENIED)) > 10


@pytest.mark.parametrize(
    "frame", [b"\x05ab", b"\x02\xff\xfe\0", b"\0\0", chunk("k" * 2000) + b"\0"]
)
async def test_frame_without_a_key_ends_the_socket(hocuspocus, frame):
    socket = await hocuspocus()
    await socket.send(frame)
    assert await socket.close_code() == 4400


async def test_text_frame_ends_the_socket(hocuspocus):
    socket = await hocuspocus()
    await socket.communicator.send_to(text_data="{}")
    assert await socket.close_code() == 4400


@pytest.mark.parametrize(("version", "ping"), [("4.8.0", b"\x09"), ("", None)])
async def test_silence_is_broken_in_the_providers_way(
    hocuspocus, bob, text_document, settings, version, ping
):
    settings.COLLAB = {"quiet_seconds": 0.05}
    line = Line(await hocuspocus(), text_document.id)
    await line.attach(await token_of(bob), version)
    expected = ping or line.key + b"\1\1\0"
    assert await line.socket.next() == expected
    assert await line.socket.next() == expected
    await line.socket.send(b"\x0a")


async def test_question_for_awareness_is_answered(hocuspocus, bob, text_document):
    line = await attached(hocuspocus, bob, text_document)
    await line.send(awareness(7, 1, "{}"))
    await line.until(awareness(7, 1, "{}"))
    await line.send(b"\3")
    assert states_in(await line.until(b"\1")) == [(7, 1, "{}")]
