"""Nonsense, malice and mistakes on the stock wires: each has its answer, and nobody else notices.

Who is refused twice within ten seconds waits for the third refusal, by address and path: here
every socket has an address of its own, unless a test says otherwise.
"""

import asyncio
import contextlib
import itertools
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import websockets
from pycrdt import Doc, Text
from websockets.asyncio.client import ClientConnection, connect

from tests.collab.wire import fuzz, lib0
from tests.e2e.client import Client
from tests.e2e.database import read_log, replay
from tests.e2e.people import Cast, Person
from tests.e2e.test_hostile_wire import HOSTILE_UPDATES, typed
from tests.services import serve

ANSWER_SECONDS = 15
LIMIT = 16 * 1024 * 1024
NOTHING = b"\0\0"
NO_STATE = b"\0"
_numbers = itertools.count(1)


def new_address() -> str:
    """One of this machine's own addresses that nobody has used yet."""
    number = next(_numbers)
    return f"127.77.{number // 250}.{number % 250 + 1}"


@pytest.fixture
def document(cast: Cast) -> str:
    return cast.alice.create(bob="editor", vera="viewer")


@pytest.fixture
async def bystander(cast: Cast, document: str) -> AsyncIterator[Client]:
    """bob, at work in the same document; whatever the test does, he is not to notice."""
    async with cast.bob.client(document, client_id=11) as bob:
        bob.insert(0, "é😀 ")
        await bob.saved()
        yield bob
        bob.insert(0, "still here ")
        await bob.saved(seconds=ANSWER_SECONDS)
        assert bob.errors == []
        expected = str(bob.text)
        assert cast.alice.content(document)["text"] == expected
        rows = await asyncio.to_thread(read_log, cast.server.database_url, document)
        assert str(replay(rows).get("content", type=Text)) == expected
        assert expected.startswith("still here ")
        assert "é😀 " in expected


class Raw:
    """A socket without a client behind it: every frame is the test's own."""

    def __init__(self, socket: ClientConnection, *, keyed: bool) -> None:
        self.socket = socket
        self.keyed = keyed

    async def send(self, *frames: bytes | str) -> None:
        for frame in frames:
            await self.socket.send(frame)

    async def receive(self, *types: str, key: str | None = None) -> dict[str, Any]:
        """The next message of one of these types, for that key; others are passed over."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                message = lib0.read_from_server(await self.socket.recv(), keyed=self.keyed)
                if message["type"] in types and key in (None, message.get("key")):
                    return message

    async def closed(self) -> int | None:
        """The code that the server closes with, whatever it says before."""
        async with asyncio.timeout(ANSWER_SECONDS):
            # Read, or the close stays behind what was not.
            with contextlib.suppress(websockets.ConnectionClosed):
                async for _ in self.socket:
                    pass
            await self.socket.wait_closed()
        return self.socket.close_code


@contextlib.asynccontextmanager
async def open_socket(
    url: str, *, address: str = "", origin: str | None = None
) -> AsyncIterator[Raw]:
    async with connect(
        url,
        compression=None,
        max_size=None,
        ping_interval=None,
        origin=None if origin is None else websockets.Origin(origin),
        local_addr=(address or new_address(), 0),
    ) as socket:
        yield Raw(socket, keyed="/ws/hocuspocus" in url)


def yjs(person: Person, document: str, **options: Any) -> Any:
    """A raw socket of the y-websocket wire."""
    return open_socket(f"{person.server.ws_url}/ws/yjs/{document}?token={person.token}", **options)


def hocuspocus(cast: Cast, **options: Any) -> Any:
    """A raw socket of Hocuspocus's wire."""
    return open_socket(f"{cast.server.ws_url}/ws/hocuspocus", **options)


def attach(key: str, person: Person, version: str | None = None) -> list[bytes]:
    """What a provider sends first."""
    bodies = [lib0.token(person.token, version), lib0.step_1(NO_STATE)]
    return [lib0.framed(key, body) for body in bodies]


async def attached(raw: Raw, key: str, person: Person) -> None:
    """Attach and exchange states, until that is saved."""
    await raw.send(*attach(key, person))
    await raw.receive("authenticated", key=key)
    await raw.receive("step2", key=key)
    await raw.send(lib0.framed(key, lib0.step_2(NOTHING)))
    await raw.receive("sync_status", key=key)


# Frames that are none, as bodies: what stands behind the key, or all of the frame.
NO_MESSAGES = {
    "nothing": b"",
    "a type alone": b"\x00",
    "no sync step": b"\x00\x03\x01\x00",
    "an update that is cut off": lib0.update(typed("cut off é"))[:-3],
    "an update that goes on": lib0.update(typed("goes on é")) + b"\x00",
    "an update of 2^53 bytes": b"\x00\x02" + lib0.number(2**53) + b"x",
    "a number without an end": b"\x00\x02" + b"\xff" * 1000,
    "a state vector that is none": lib0.step_1(b"\xff\xff\xff"),
    "a state vector of 2^53 clients": lib0.step_1(lib0.number(2**53 - 1) + b"\x01\x01"),
    "awareness of 2^53 clients": b"\x01" + lib0.chunk(lib0.number(2**53 - 1)),
    "awareness of a client above 2^53": b"\x01" + lib0.chunk(lib0.states([(2**60, 0, "{}")])),
    "awareness that is not JSON": b"\x01" + lib0.chunk(lib0.states([(1, 0, "{'é':1}")])),
    "awareness that is not UTF-8": b"\x01" + lib0.chunk(b"\x01\x01\x00\x02\xff\xfe"),
    "awareness of NaN": b"\x01" + lib0.chunk(lib0.states([(1, 0, '{"a":NaN}')])),
    "awareness of 1e400": b"\x01" + lib0.chunk(lib0.states([(1, 0, '{"a":1e400}')])),
    "awareness nested too deep": b"\x01"
    + lib0.chunk(lib0.states([(1, 0, '{"a":' + "[" * 30_000 + "]" * 30_000 + "}")])),
    "a type that there is not": b"\x63\x00",
    "a type of 2^53": lib0.number(2**53) + b"\x00",
}


# ---- y-websocket: who is let in ------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "é😀", "x/y", "default", "0" * 5000])
async def test_yjs_room_that_is_no_document_is_closed_with_4404(cast, name):
    async with yjs(cast.alice, name or "nobody") as raw:
        assert await raw.closed() == 4404


async def test_yjs_unknown_document_is_closed_with_4404(cast):
    async with yjs(cast.alice, str(uuid.uuid4())) as raw:
        assert await raw.closed() == 4404


async def test_yjs_outsider_is_told_that_there_is_no_document(cast, document):
    async with yjs(cast.charlie, document) as raw:
        assert await raw.closed() == 4404


@pytest.mark.parametrize(
    "query", ["", "?token=", "?token=" + "0" * 40, "?ticket=%C3%A9", "?token=%F0%9F%98%80"]
)
async def test_yjs_wrong_or_no_token_is_closed_with_4401(cast, document, query):
    async with open_socket(f"{cast.server.ws_url}/ws/yjs/{document}{query}") as raw:
        assert await raw.closed() == 4401


async def test_yjs_ticket_for_another_document_is_closed_with_4401(cast, document):
    other = cast.bob.create()
    ticket = cast.bob.call("POST", f"/documents/{other}/ticket/", json={}).json()["ticket"]
    async with open_socket(f"{cast.server.ws_url}/ws/yjs/{document}?ticket={ticket}") as raw:
        assert await raw.closed() == 4401


async def test_yjs_token_with_a_foreign_origin_is_closed_with_4403(cast, document):
    async with yjs(cast.alice, document, origin="https://evil.example") as raw:
        assert await raw.closed() == 4403


async def test_yjs_frames_of_one_who_is_not_let_in_change_nothing(cast, document, bystander):
    async with yjs(cast.charlie, document) as raw:
        with contextlib.suppress(websockets.ConnectionClosed):
            await raw.send(lib0.step_1(NO_STATE), lib0.update(typed("break-in é")))
        assert await raw.closed() == 4404
    assert "break-in" not in str(bystander.text)


# ---- y-websocket: what is said -------------------------------------------------------------


@pytest.mark.parametrize("name", NO_MESSAGES)
async def test_yjs_frame_that_is_no_message_is_closed_with_4400(cast, document, bystander, name):
    async with yjs(cast.alice, document) as raw:
        await raw.send(NO_MESSAGES[name])
        assert await raw.closed() == 4400
        assert raw.socket.close_reason


async def test_yjs_text_frame_is_closed_with_4400(cast, document, bystander):
    async with yjs(cast.alice, document) as raw:
        await raw.send('{"type": "hello"}')
        assert await raw.closed() == 4400


async def test_yjs_state_that_is_too_large_is_closed_with_4413(cast, document, bystander):
    async with yjs(cast.alice, document) as raw:
        await raw.send(lib0.awareness((1, 0, {"name": "é" * 64 * 1024})))
        assert await raw.closed() == 4413


async def test_hocuspocus_frame_above_the_limit_is_denied_to_its_document(
    cast, document, bystander
):
    async with hocuspocus(cast) as raw:
        await attached(raw, document, cast.alice)
        await raw.send(lib0.framed(document, b"\0" * LIMIT))
        denied = await raw.receive("denied")
        assert str(LIMIT) in denied["reason"]
        # The socket stays: a provider would send it again on another.
        await raw.send(b"\x09")
        await raw.receive("pong")
    await bystander.saved()


@pytest.mark.parametrize(
    ("wire", "size", "codes"),
    [
        ("yjs", LIMIT + 1, {4413}),
        ("yjs", 40 * 2**20, {1009, 4413}),
        ("hocuspocus", LIMIT + 1, {4400}),
        ("hocuspocus", 40 * 2**20, {1009, 4400}),
    ],
)
async def test_frame_above_the_limit_is_closed(cast, document, bystander, wire, size, codes):
    opening = yjs(cast.alice, document) if wire == "yjs" else hocuspocus(cast)
    async with opening as raw:
        if wire == "hocuspocus":
            await attached(raw, document, cast.alice)
        with contextlib.suppress(websockets.ConnectionClosed):
            await raw.send(b"\0" * size)
        assert await raw.closed() in codes


@pytest.mark.parametrize("name", HOSTILE_UPDATES)
async def test_yjs_hostile_update_is_closed_with_4400(cast, document, bystander, name):
    async with yjs(cast.alice, document) as raw:
        await raw.send(lib0.update(HOSTILE_UPDATES[name]))
        assert await raw.closed() == 4400


async def test_yjs_words_in_the_name_of_one_who_is_here_end_the_session(cast, document, bystander):
    # bob is 11, and is there; this is not what he typed.
    async with yjs(cast.alice, document) as raw:
        await raw.send(lib0.update(typed("forged é", client_id=11)))
        assert await raw.closed() == 4400
    assert "forged" not in str(bystander.text)


def two_edits() -> tuple[bytes, bytes]:
    """The second of two edits, and both of them."""
    doc: Doc[Any] = Doc(client_id=4711)
    updates: list[bytes] = []
    doc.observe(lambda event: updates.append(event.update))
    text = doc.get("content", type=Text)
    text.insert(0, "first é, ")
    text.insert(10, "second 😀")
    return updates[1], doc.get_update()


async def test_yjs_update_without_its_predecessors_is_asked_for_them(cast, document, bystander):
    second, both = two_edits()
    async with yjs(cast.alice, document) as raw:
        await raw.send(lib0.update(second))
        await raw.receive("step1")
        await raw.send(lib0.step_2(both))
        await bystander.until(lambda: "first é, second 😀" in str(bystander.text))


async def test_yjs_flood_of_awareness_leaves_the_others_room(cast, document, bystander):
    await flood(yjs(cast.alice, document), lambda body: body, bystander)


async def test_hocuspocus_flood_of_awareness_leaves_the_others_room(cast, document, bystander):
    opening = hocuspocus(cast)
    async with opening as raw:
        await attached(raw, document, cast.alice)
        await flood(
            contextlib.nullcontext(raw), lambda body: lib0.framed(document, body), bystander
        )


async def flood(opening: Any, frame: Callable[[bytes], bytes], bystander: Client) -> None:
    """20,000 cursors, a hundred at a time, of clients that there are not."""
    async with opening as raw, asyncio.TaskGroup() as group:
        reader = group.create_task(read_all(raw))
        for start in range(1000, 21_000, 100):
            said = [(client, 1, {"é": "😀"}) for client in range(start, start + 100)]
            await raw.send(frame(lib0.awareness(*said)))
            if start % 1000 == 0:
                bystander.insert(0, ".")
                await bystander.saved(seconds=ANSWER_SECONDS)
        # All of it is handled: the same room answers in order.
        await raw.send(frame(lib0.awareness((1000, 2, {"last": True}))))
        await bystander.until(lambda: bystander.awareness.get(1000, (0, {}))[1].get("last"))
        assert len(bystander.awareness) <= 100
        reader.cancel()


async def read_all(raw: Raw) -> None:
    """Take whatever comes, as every client does."""
    async for _ in raw.socket:
        pass


async def test_cursor_in_the_name_of_one_who_writes_does_not_keep_them_from_writing(cast, document):
    async with cast.bob.client(document, client_id=11) as bob:
        bob.insert(0, "é😀 ")
        await bob.saved()
        async with yjs(cast.alice, document) as raw:
            # bob has shared no cursor, and alice says that she is 11.
            await raw.send(lib0.awareness((11, 1, {"é": "😀"})))
            await bob.until(lambda: 11 in bob.awareness)
            bob.insert(0, "still mine ")
            await bob.until(lambda: bob.is_saved or bob.errors != [])
            assert bob.errors == []


# ---- Hocuspocus: who is let in --------------------------------------------------------------


async def denied(raw: Raw, key: str) -> str:
    return str((await raw.receive("denied", key=key))["reason"])


async def expect_alive(raw: Raw, key: str) -> None:
    """The document goes on: what is written is saved."""
    await raw.send(lib0.framed(key, lib0.update(NOTHING)))
    assert (await raw.receive("sync_status", key=key))["saved"]


@pytest.mark.parametrize("key", ["é😀", "default", "x" * 1024, "\0", "\0session"])
async def test_hocuspocus_name_that_is_no_document_is_denied(cast, document, key):
    async with hocuspocus(cast) as raw:
        await raw.send(*attach(key, cast.alice))
        assert await denied(raw, key)
        await attached(raw, document, cast.alice)


async def test_hocuspocus_unknown_document_is_denied_alone(cast, document):
    unknown = str(uuid.uuid4())
    async with hocuspocus(cast) as raw:
        await raw.send(*attach(unknown, cast.alice))
        assert await denied(raw, unknown) == "there is no such document"
        await attached(raw, document, cast.alice)


async def test_hocuspocus_outsider_is_told_that_there_is_no_document(cast, document):
    async with hocuspocus(cast) as raw:
        await raw.send(*attach(document, cast.charlie))
        assert await denied(raw, document) == "there is no such document"


@pytest.mark.parametrize("token", ["", "0" * 40, "é😀", "x" * 100_000])
async def test_hocuspocus_wrong_or_no_token_is_denied_and_the_right_one_is_not(
    cast, document, token
):
    async with hocuspocus(cast) as raw:
        await raw.send(lib0.framed(document, lib0.token(token)))
        assert await denied(raw, document)
        await attached(raw, document, cast.alice)


async def test_hocuspocus_foreign_origin_is_denied(cast, document):
    async with hocuspocus(cast, origin="https://evil.example") as raw:
        await raw.send(lib0.framed(document, lib0.token("")))
        assert "Origin" in await denied(raw, document)


@pytest.mark.parametrize(
    "body",
    [
        lib0.step_1(NO_STATE),
        lib0.update(typed("break-in é")),
        lib0.awareness((1, 0, {})),
        b"\x03",
        lib0.stateless("é😀"),
    ],
    ids=["step 1", "update", "awareness", "query", "stateless"],
)
async def test_hocuspocus_key_that_never_authenticated_is_denied(cast, document, bystander, body):
    async with hocuspocus(cast) as raw:
        await raw.send(lib0.framed(document, body))
        assert await denied(raw, document)
        # It is ignored from then on, until it shows who it is.
        await raw.send(lib0.framed(document, body), lib0.framed(document, b"\x63"))
        await attached(raw, document, cast.alice)
    assert "break-in" not in str(bystander.text)


async def test_hocuspocus_key_of_another_document_is_denied_alone(cast, document, bystander):
    own = cast.charlie.create()
    async with hocuspocus(cast) as raw:
        await attached(raw, own, cast.charlie)
        await raw.send(lib0.framed(document, lib0.update(typed("break-in é"))))
        assert await denied(raw, document)
        await expect_alive(raw, own)
    assert "break-in" not in str(bystander.text)


async def test_hocuspocus_session_of_somebody_else_is_worth_nothing(cast, document, bystander):
    key = f"{document}\0alices-session"
    async with hocuspocus(cast) as alice, hocuspocus(cast) as thief:
        await attached(alice, key, cast.alice)
        await thief.send(lib0.framed(key, lib0.update(typed("break-in é"))))
        assert await denied(thief, key)
        await thief.send(*attach(key, cast.charlie))
        assert await denied(thief, key) == "there is no such document"
        await expect_alive(alice, key)
    assert "break-in" not in str(bystander.text)


async def test_hocuspocus_token_of_somebody_else_does_not_take_a_session_over(cast, document):
    async with hocuspocus(cast) as raw:
        await attached(raw, document, cast.vera)
        await raw.send(lib0.framed(document, lib0.token(cast.alice.token)))
        assert await denied(raw, document)


async def test_hocuspocus_two_sessions_of_a_document_are_told_apart(cast, document):
    one, two = f"{document}\0one", f"{document}\0two"
    async with hocuspocus(cast) as raw:
        await attached(raw, one, cast.alice)
        await attached(raw, two, cast.alice)
        await raw.send(lib0.framed(one, b"\x63"))
        assert await denied(raw, one)
        await expect_alive(raw, two)


# ---- Hocuspocus: what is said ----------------------------------------------------------------


@pytest.mark.parametrize("name", NO_MESSAGES)
async def test_hocuspocus_body_that_is_no_message_is_denied_alone(cast, document, bystander, name):
    other = cast.alice.create()
    async with hocuspocus(cast) as raw:
        await attached(raw, other, cast.alice)
        await attached(raw, document, cast.alice)
        await raw.send(lib0.framed(document, NO_MESSAGES[name]))
        assert await denied(raw, document)
        await expect_alive(raw, other)


@pytest.mark.parametrize("type_", [4, 6, 8, 9, 10])
async def test_hocuspocus_type_that_only_servers_send_is_denied(cast, document, bystander, type_):
    async with hocuspocus(cast) as raw:
        await attached(raw, document, cast.alice)
        await raw.send(lib0.framed(document, lib0.number(type_) + lib0.string("é😀")))
        assert await denied(raw, document)


@pytest.mark.parametrize("name", HOSTILE_UPDATES)
async def test_hocuspocus_hostile_update_is_not_saved_and_denied(cast, document, bystander, name):
    async with hocuspocus(cast) as raw:
        await attached(raw, document, cast.alice)
        await raw.send(lib0.framed(document, lib0.update(HOSTILE_UPDATES[name])))
        assert not (await raw.receive("sync_status"))["saved"]
        assert await denied(raw, document)


async def test_hocuspocus_update_without_its_predecessors_is_paid_with_them(
    cast, document, bystander
):
    second, both = two_edits()
    async with hocuspocus(cast) as raw:
        await attached(raw, document, cast.alice)
        await raw.send(lib0.framed(document, lib0.update(second)))
        # Asked, and not saved.
        assert (await raw.receive("step1", "sync_status"))["type"] == "step1"
        await raw.send(lib0.framed(document, lib0.step_2(both)))
        assert (await raw.receive("sync_status"))["saved"]
        await bystander.until(lambda: "first é, second 😀" in str(bystander.text))
        # One for the update; none for the answer, which the provider waits for no more.
        await raw.send(lib0.framed(document, lib0.update(typed("third é", client_id=5))))
        assert (await raw.receive("sync_status"))["saved"]
        await raw.send(b"\x09")
        assert (await raw.receive("sync_status", "pong"))["type"] == "pong"


@pytest.mark.parametrize(
    "frame",
    [
        "text é😀",
        b"",
        b"\x00",
        b"\x00\x00\x00\x01\x00",
        b"\xff" * 20,
        b"\x02\xff\xfe\x00",
        lib0.framed("x" * 1025, lib0.step_1(NO_STATE)),
        lib0.number(2**53 - 1) + b"x",
    ],
    ids=["text", "nothing", "no key", "an empty key", "no number", "no UTF-8", "long", "cut off"],
)
async def test_hocuspocus_frame_without_a_key_closes_the_socket_with_4400(
    cast, document, bystander, frame
):
    async with hocuspocus(cast) as raw:
        await attached(raw, document, cast.alice)
        await raw.send(frame)
        assert await raw.closed() == 4400


async def test_hocuspocus_ping_is_answered_by_whom_it_reaches(cast):
    async with hocuspocus(cast) as raw:
        await raw.send(b"\x0a", b"\x09")
        assert await raw.receive("pong", "ping") == {"key": None, "type": "pong"}


async def test_hocuspocus_socket_with_10_000_keys_is_closed_with_4400(cast, document, bystander):
    async with hocuspocus(cast) as raw:
        with contextlib.suppress(websockets.ConnectionClosed):
            for number in range(10_000):
                key = f"{document}\0{number}"
                await raw.send(lib0.framed(key, lib0.step_1(NO_STATE)))
        assert await raw.closed() == 4400


async def test_hocuspocus_client_that_detaches_and_attaches_at_once_is_answered(cast, document):
    async with hocuspocus(cast) as raw:
        # As a page does whose editor is mounted twice: the first is still being let in.
        await raw.send(*attach(document, cast.alice), lib0.framed(document, b"\x07"))
        await raw.send(*attach(document, cast.alice))
        await raw.receive("step2")
        await raw.send(lib0.framed(document, lib0.step_2(typed("é mounted twice 😀"))))
        assert (await raw.receive("sync_status", "denied")) == {
            "key": document,
            "type": "sync_status",
            "saved": True,
        }
    assert "é mounted twice 😀" in cast.alice.content(document)["text"]


async def test_hocuspocus_socket_goes_on_whatever_comes_behind_a_detach(cast, document):
    async with hocuspocus(cast) as raw:
        await raw.send(*attach(document, cast.alice), lib0.framed(document, b"\x07"))
        await raw.send(*[lib0.framed(document, lib0.step_1(NO_STATE))] * 1000, b"\x09")
        await raw.receive("pong")


async def test_hocuspocus_document_that_was_denied_can_be_detached(cast, document):
    async with hocuspocus(cast) as raw:
        # More than may be on a socket, though not at a time.
        for _ in range(1001):
            key = str(uuid.uuid4())
            await raw.send(lib0.framed(key, lib0.step_1(NO_STATE)))
            await denied(raw, key)
            await raw.send(lib0.framed(key, b"\x07"))
        await attached(raw, document, cast.alice)


async def test_hocuspocus_client_that_was_denied_and_attaches_again_begins_anew(cast, document):
    second, _ = two_edits()
    async with hocuspocus(cast) as raw:
        await attached(raw, document, cast.alice)
        await raw.send(lib0.framed(document, lib0.update(second)))
        await raw.receive("step1")
        await raw.send(lib0.framed(document, b"\x63"))
        await denied(raw, document)
        await attached(raw, document, cast.alice)
        await raw.send(b"\x09")
        assert (await raw.receive("sync_status", "pong"))["type"] == "pong"


# ---- viewers --------------------------------------------------------------------------------


async def test_yjs_viewer_is_warned_once_and_changes_nothing(cast, document, bystander):
    async with yjs(cast.vera, document) as raw:
        await raw.send(lib0.step_1(NO_STATE))
        whole = bytes.fromhex((await raw.receive("step2"))["update"])
        # What she was told she may say again: it adds nothing.
        await raw.send(lib0.step_2(whole), lib0.step_2(NOTHING))
        await raw.send(lib0.step_2(typed("graffiti é")), lib0.update(typed("graffiti 😀")))
        reason = (await raw.receive("denied", "step2"))["reason"]
        assert "viewer" in reason
        # No more of it, and she still reads.
        await raw.send(lib0.step_1(NO_STATE))
        assert (await raw.receive("denied", "step2"))["type"] == "step2"
        bystander.insert(0, "news ")
        await raw.receive("update")
    assert "graffiti" not in str(bystander.text)


async def test_hocuspocus_viewer_who_adds_nothing_is_saved_and_who_does_is_not(
    cast, document, bystander
):
    async with hocuspocus(cast) as raw:
        await raw.send(*attach(document, cast.vera))
        assert (await raw.receive("authenticated"))["scope"] == "readonly"
        whole = bytes.fromhex((await raw.receive("step2"))["update"])
        for step_2, saved in [
            (lib0.step_2(whole), True),
            (lib0.step_2(typed("graffiti é")), False),
            (lib0.update(typed("graffiti 😀")), False),
            # An update is more than an answer, even if there is nothing in it.
            (lib0.update(NOTHING), False),
        ]:
            await raw.send(lib0.framed(document, step_2))
            assert (await raw.receive("sync_status", "denied"))["saved"] is saved
        bystander.insert(0, "news ")
        await raw.receive("update")
    assert "graffiti" not in str(bystander.text)


async def test_hocuspocus_viewer_who_deletes_in_her_answer_is_not_saved(cast, document, bystander):
    doc: Doc[Any] = Doc()
    async with hocuspocus(cast) as raw:
        await raw.send(*attach(document, cast.vera))
        doc.apply_update(bytes.fromhex((await raw.receive("step2"))["update"]))
        del doc.get("content", type=Text)[0:2]
        await raw.send(lib0.framed(document, lib0.step_2(doc.get_update())))
        assert not (await raw.receive("sync_status"))["saved"]
    assert "é😀 " in str(bystander.text)


# ---- for some seconds -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def victim(new_sqlite: Callable[[], str]) -> Iterator[Cast]:
    """People on a server of their own, whose log is looked at right after what was done to it."""
    with serve(database_url=new_sqlite()) as running, closing(Cast.on(running)) as people:
        yield people


@pytest.fixture
def expect_quiet_log(victim: Cast) -> Callable[[], None]:
    """Call it at the end: whatever was thrown at the server, it knew what it was."""
    before = len(victim.server.log())

    def look() -> None:
        said = victim.server.log()[before:]
        assert "Traceback" not in said, said[:5000]

    return look


async def test_garbage_for_some_seconds_disturbs_nobody(victim, expect_quiet_log):
    document = victim.alice.create(bob="editor")
    until, nonsense, sockets, edits = time.monotonic() + 3, fuzz.Nonsense(7), 0, 0
    chance = nonsense.random

    async def throw(wire: str) -> None:
        nonlocal sockets
        while time.monotonic() < until:
            opening = yjs(victim.alice, document) if wire == "yjs" else hocuspocus(victim)
            with contextlib.suppress(websockets.ConnectionClosed):
                async with opening as raw:
                    sockets += 1
                    if wire == "hocuspocus":
                        await raw.send(*attach(document, victim.alice))
                    for _ in range(chance.randrange(1, 30)):
                        frame = nonsense.frame(wire)
                        await raw.send(frame.replace(fuzz.KEY.encode(), document.encode()))

    async with victim.bob.client(document, client_id=11) as bob, asyncio.TaskGroup() as group:
        await bob.share({"user": {"name": "Bob é😀"}})
        for wire in ["yjs", "hocuspocus"] * 3:
            group.create_task(throw(wire))
        while time.monotonic() < until:
            bob.insert(0, "é")
            await bob.saved(seconds=ANSWER_SECONDS)
            edits += 1
        assert bob.errors == []
    assert min(sockets, edits) >= 5
    expect_quiet_log()


async def test_hocuspocus_client_that_vanishes_while_it_is_denied_is_no_error(
    victim, expect_quiet_log
):
    for _ in range(50):
        async with hocuspocus(victim) as raw:
            for _ in range(20):
                await raw.send(*attach(str(uuid.uuid4()), victim.alice))
            raw.socket.transport.abort()
    # They are handled in order, but for what waits in the database's threads.
    document = victim.alice.create()
    async with hocuspocus(victim) as raw:
        await attached(raw, document, victim.alice)
    expect_quiet_log()


async def test_hocuspocus_client_that_vanishes_behind_its_ping_leaves_the_document(victim):
    document, other = victim.alice.create(bob="editor"), victim.alice.create()
    # More than may wait while a document is opened: the ping is read when the socket is gone.
    waiting = [*attach(other, victim.alice), *[lib0.framed(other, lib0.step_1(NO_STATE))] * 200]
    async with victim.bob.client(document) as bob:
        for _ in range(10):
            async with hocuspocus(victim) as raw:
                await attached(raw, document, victim.alice)
                await raw.send(*waiting, b"\x09")
                raw.socket.transport.close()
        await bob.until(lambda: "alice" in bob.usernames)
        await bob.until(lambda: bob.usernames == {"bob"}, seconds=5)


async def test_client_that_is_denied_and_comes_again_at_once_is_answered_slowly(cast, document):
    """The one test that measures a window, and takes that long."""
    window = 10.0
    async with asyncio.TaskGroup() as group:
        counts = [
            group.create_task(work)
            for work in (
                count_connects(
                    lambda address: yjs(cast.charlie, document, address=address), window
                ),
                count_connects(lambda address: hocuspocus(cast, address=address), window, "text"),
                count_denials(cast, document, window),
            )
        ]
    for count in counts:
        assert 2 <= count.result() <= 3


async def count_connects(opening: Callable[[str], Any], window: float, *frames: str) -> int:
    """How often a client gets in within so many seconds that comes again as soon as it is out."""
    address, connects = new_address(), 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(window):
            while True:
                async with opening(address) as raw:
                    connects += 1
                    await raw.send(*frames)
                    await raw.socket.wait_closed()
    return connects


async def count_denials(cast: Cast, document: str, window: float) -> int:
    """How often a client hears no within so many seconds that asks again as soon as it does."""
    denials = 0
    async with hocuspocus(cast) as raw:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(window):
                while True:
                    await raw.send(*attach(document, cast.charlie))
                    await raw.receive("denied")
                    denials += 1
    return denials
