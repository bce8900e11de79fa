"""The y-websocket wire: doors, what is answered, and how it ends."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from rest_framework.authtoken.models import Token

from collab.hub import current_hub, drain_hub
from documents.log import read_since
from documents.members import change_role, remove_member
from documents.models import Document, LinkReach, Membership
from documents.roles import Role
from documents.tickets import issue_ticket
from tests.collab.binary import BinarySocket, awareness, insert, step_1, step_2, update
from tests.collab.conftest import Sockets, cookie_of, in_thread

pytestmark = pytest.mark.django_db(transaction=True)

NOTHING = b"\0\0"
SERVER_STEP_1, SERVER_STEP_2, SERVER_UPDATE = b"\0\0", b"\0\1", b"\0\2"
QUIET = b"\1\1\0"

Open = Callable[..., Awaitable[BinarySocket]]


@pytest.fixture
async def yjs(sockets: Sockets) -> AsyncIterator[Open]:
    opened: list[BinarySocket] = []

    async def open_(
        document: Document | str, user: Any = None, *, query: str = "", **headers: str
    ) -> BinarySocket:
        if user is not None:
            token = await in_thread(lambda: Token.objects.get_or_create(user=user)[0].key)
            query = f"?token={token}"
        name = document if isinstance(document, str) else document.id
        socket = BinarySocket(f"/ws/yjs/{name}{query}", **headers)
        opened.append(socket)
        return await socket.connect()

    yield open_
    for socket in opened:
        if not socket.communicator.future.done():
            await socket.communicator.disconnect()
    await drain_hub()


async def joined(yjs: Open, document: Document, user: Any) -> BinarySocket:
    socket = await yjs(document, user)
    await socket.send(step_1())
    await socket.until(SERVER_STEP_2)
    return socket


def membership_of(user: Any) -> Membership:
    return Membership.objects.get(user=user)


async def test_step_1_is_answered_with_the_servers_own_and_a_step_2(yjs, bob, text_document):
    socket = await yjs(text_document, bob)
    await socket.send(step_1())
    assert await socket.next() == bytes.fromhex("00000100")
    assert await socket.next() == bytes.fromhex("0001020000")


@pytest.mark.parametrize("kind", ["token", "ticket"])
async def test_tokens_and_tickets_in_the_address_open_the_door(yjs, bob, text_document, kind):
    def make() -> str:
        if kind == "token":
            return Token.objects.create(user=bob).key
        return issue_ticket(user=bob, document=text_document)[0]

    socket = await yjs(text_document, query=f"?{kind}={await in_thread(make)}")
    await socket.send(step_1())
    await socket.until(SERVER_STEP_2)


async def test_cookie_opens_the_door_for_our_origin_alone(yjs, bob, text_document):
    cookie = await in_thread(lambda: cookie_of(bob))
    socket = await yjs(text_document, cookie=cookie, origin="http://testserver")
    await socket.send(step_1())
    await socket.until(SERVER_STEP_2)
    foreign = await yjs(text_document, cookie=cookie, origin="http://elsewhere.example")
    assert await foreign.close_code() == 4403


async def test_doors_stay_shut_with_a_reason(yjs, bob, charlie, text_document):
    assert await (await yjs(text_document)).close_code() == 4401
    assert await (await yjs(text_document, query="?token=nonsense")).close_code() == 4401
    assert await (await yjs(str(uuid.uuid4()), bob)).close_code() == 4404
    assert await (await yjs("not-a-document", bob)).close_code() == 4404


async def test_outsider_does_not_learn_that_there_is_a_document(yjs, charlie, text_document):
    assert await (await yjs(text_document, charlie)).close_code() == 4404


async def test_link_lets_a_visitor_in_without_anything_shown(yjs, text_document):
    def open_link() -> None:
        text_document.link_reach, text_document.link_role = LinkReach.ANYONE, Role.EDITOR
        text_document.save()

    await in_thread(open_link)
    socket = await yjs(text_document)
    await socket.send(step_1())
    await socket.until(SERVER_STEP_2)


async def test_third_refusal_in_a_row_is_a_slow_one(yjs, text_document):
    for _ in range(2):
        assert await (await yjs(text_document)).close_code() == 4401
    third = await yjs(text_document)
    assert await third.communicator.receive_nothing(timeout=0.3)


async def test_edits_reach_the_other_wire_and_the_log(yjs, sockets, alice, bob, text_document):
    other = await sockets.joined(alice, text_document)
    socket = await joined(yjs, text_document, bob)
    await socket.send(update(insert("hé😀", client=7)))
    await other.receive("update")
    assert other.text == "hé😀"
    await other.type("!")
    assert await socket.until(SERVER_UPDATE)
    await (await current_hub()).journal.flush(text_document.id)
    (row, *_) = await in_thread(lambda: list(read_since(document_id=text_document.id, seq=0)))
    assert (row.author_id, row.payload) == (bob.pk, insert("hé😀", client=7))


async def test_viewer_reads_and_is_warned_once(yjs, alice, vera, sockets, text_document):
    viewer = await joined(yjs, text_document, vera)
    await viewer.send(step_2(NOTHING))
    await viewer.send(update(insert("a", client=7)))
    await viewer.send(update(insert("b", client=8)))
    warning = await viewer.next()
    assert isinstance(warning, bytes)
    assert warning.startswith(b"\2\0")
    assert b"viewer" in warning
    writer = await sockets.joined(alice, text_document)
    await writer.type("é")
    assert await viewer.next() == update(writer.doc.get_update())
    assert writer.text == "é"


async def test_awareness_comes_back_to_its_sender_in_their_own_name(yjs, bob, text_document):
    socket = await joined(yjs, text_document, bob)
    await socket.send(awareness(7, 1, '{"user":{"name":"Mallory"}}'))
    signed = '{"user":{"name":"Bob","username":"bob"}}'
    assert await socket.next() == awareness(7, 1, signed)


async def test_one_who_returns_is_told_that_they_left_and_others_that_they_are_back(
    yjs, alice, bob, text_document
):
    watcher = await joined(yjs, text_document, alice)
    await watcher.send(awareness(1, 4, '{"n":1}'))
    await watcher.until_state(1, 4, '{"n":1}')
    first = await joined(yjs, text_document, bob)
    await first.send(awareness(7, 5, '{"n":2}'))
    await watcher.until_state(7, 5, '{"n":2}')
    await first.communicator.disconnect()
    await watcher.until_state(7, 5, "null")

    again = await joined(yjs, text_document, bob)
    await again.send(awareness(7, 5, '{"n":2}'))
    await again.until_state(7, 5, "null")
    # Here it would not have listened to what it knows already.
    await again.until_state(1, 5, '{"n":1}')
    await watcher.until_state(1, 4, "null")
    await watcher.until_state(7, 6, '{"n":2}')


async def test_question_for_awareness_is_answered(yjs, alice, bob, text_document):
    watcher = await joined(yjs, text_document, alice)
    await watcher.send(awareness(1, 1, "{}"))
    await watcher.until_state(1, 1, "{}")
    await watcher.send(b"\3")
    assert await watcher.next() == awareness(1, 1, "{}")


async def test_silence_is_broken(yjs, bob, text_document, settings):
    settings.COLLAB = {"quiet_seconds": 0.05}
    socket = await joined(yjs, text_document, bob)
    assert await socket.next() == QUIET
    assert await socket.next() == QUIET


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\0\2\x05\1", 4400),
        (b"\x09", 4400),
        (b"\2\0\0", 4400),
        (step_1() + b"\0", 4400),
        (step_1(b"\xff"), 4400),
        (update(b"\xff\xff\xff"), 4400),
        (awareness(1, 1, "[]"), 4400),
        (awareness(1, 1, '{"x":"' + "y" * 70_000 + '"}'), 4413),
        (b"\0" * (16 * 2**20 + 1), 4413),
    ],
)
async def test_bad_frame_ends_the_socket_with_a_reason(yjs, bob, text_document, frame, code):
    socket = await joined(yjs, text_document, bob)
    await socket.send(frame)
    assert await socket.close_code() == code


async def test_text_frame_ends_the_socket(yjs, bob, text_document):
    socket = await joined(yjs, text_document, bob)
    await socket.communicator.send_to(text_data="{}")
    assert await socket.close_code() == 4400


async def test_other_words_under_a_client_id_that_is_taken_end_the_socket(
    yjs, alice, bob, text_document
):
    first = await joined(yjs, text_document, alice)
    await first.send(update(insert("mine", client=7)))
    second = await joined(yjs, text_document, bob)
    await second.send(update(insert("YOURS", client=7)))
    assert await second.close_code() == 4400


async def test_removal_ends_the_socket_for_good(yjs, bob, text_document):
    socket = await joined(yjs, text_document, bob)
    await in_thread(lambda: remove_member(membership=membership_of(bob)))
    assert await socket.close_code() == 4403


async def test_who_waits_for_a_slow_close_is_not_here_any_more(
    yjs, sockets, alice, bob, text_document
):
    watcher = await sockets.joined(alice, text_document)
    for _ in range(2):
        bad = await joined(yjs, text_document, bob)
        await bad.send(b"\x09")
        assert await bad.close_code() == 4400
    third = await joined(yjs, text_document, bob)
    # Two came and went before.
    for _ in range(2):
        await watcher.receive("presence", left=(await joined_entry(watcher))["connection"])
    entry = await joined_entry(watcher)
    await third.send(b"\x09")
    await watcher.receive("presence", left=entry["connection"])
    assert await third.communicator.receive_nothing(timeout=0.1)


async def joined_entry(watcher: Any) -> dict[str, Any]:
    """The next who joins, as the watcher hears of it."""
    while "joined" not in (message := await watcher.receive("presence")):
        pass
    entry: dict[str, Any] = message["joined"]
    return entry


async def test_role_counts_from_the_moment_it_changes(yjs, sockets, alice, bob, text_document):
    socket = await joined(yjs, text_document, bob)
    watcher = await sockets.joined(alice, text_document)
    await in_thread(lambda: change_role(membership=membership_of(bob), role=Role.VIEWER))
    joined_again = await watcher.receive("presence")
    assert joined_again["joined"]["role"] == "viewer"
    await socket.send(update(insert("no", client=7)))
    assert await socket.until(b"\2\0")
