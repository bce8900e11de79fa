"""Nonsense, malice and mistakes on the JSON wire: each has its answer, and nobody else notices."""

import asyncio
import base64
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import pytest
import websockets
from pycrdt import Doc, Text
from websockets.asyncio.client import ClientConnection, connect

from tests.e2e.client import SUBPROTOCOL, Client
from tests.e2e.database import read_log, replay
from tests.e2e.people import PASSWORD, Cast
from tests.services import serve

ANSWER_SECONDS = 15
PIECES_TOO_DEEP = bytes.fromhex("010105000801017401") + bytes.fromhex("7501") * 26_250

HOSTILE_UPDATES = {
    "empty": b"",
    "truncated": bytes.fromhex("0101010004010174"),
    "trailing bytes": bytes.fromhex("010101000401017401610000"),
    "not an update": b"hello, world",
    "a clock that overflows": bytes.fromhex("01010bffffffff0f04010174016100"),
    "one that cannot be encoded again": bytes.fromhex("010205ffffffff0f04010174016104010174016200"),
    "nested until the stack ends": PIECES_TOO_DEEP + bytes.fromhex("7e00"),
    "a forged block that silences a client": bytes.fromhex("01010705008094ebdc0300"),
    "a count that promises gigabytes": bytes.fromhex("01ffffffffffffffff7f"),
}


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
        await bob.saved()
        assert bob.errors == []
        expected = str(bob.text)
        assert cast.alice.content(document)["text"] == expected
        rows = await asyncio.to_thread(read_log, cast.server.database_url, document)
        assert str(replay(rows).get("content", type=Text)) == expected
        assert expected.startswith("still here ")
        assert "é😀 " in expected


class Raw:
    """A socket without a client behind it: every frame is the test's own."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, frame: str | bytes | dict[str, Any]) -> None:
        await self.socket.send(json.dumps(frame) if isinstance(frame, dict) else frame)

    async def receive(self, *types: str) -> dict[str, Any]:
        """The next message of one of these types; others are passed over."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while (message := json.loads(await self.socket.recv()))["type"] not in types:
                pass
        answer: dict[str, Any] = message
        return answer

    async def settle(self, bystander: Client) -> list[dict[str, Any]]:
        """Everything that the server says until all that was sent has had its consequences."""
        # The room handles this one after what was sent before ...
        await self.send({"type": "sync", "id": "fence", "state_vector": "AA=="})
        said = await self._collect("sync", "fence")
        # ... the journal commits in order ...
        bystander.insert(0, ".")
        await bystander.saved()
        # ... and the session's outbox keeps it.
        await self.send({"type": "ping", "id": "fence"})
        return said + await self._collect("pong", "fence")

    async def _collect(self, last_type: str, last_id: str) -> list[dict[str, Any]]:
        said: list[dict[str, Any]] = []
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                message = json.loads(await self.socket.recv())
                if (message["type"], message.get("id")) == (last_type, last_id):
                    return said
                said.append(message)

    async def close_code(self) -> int | None:
        """The code that the server closes with, whatever it says before."""
        async with asyncio.timeout(ANSWER_SECONDS):
            await self.socket.wait_closed()
        return self.socket.close_code

    async def join(self) -> None:
        await self.receive("welcome")
        await self.send({"type": "sync", "id": 1, "state_vector": encode(b"\0")})
        await self.receive("sync")


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def path_to(document: str, **query: str) -> str:
    arguments = "&".join(f"{name}={value}" for name, value in query.items())
    return f"/ws/documents/{document}/" + (f"?{arguments}" if arguments else "")


class Door:
    """Opens raw sockets to one server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(
        self,
        path: str,
        *,
        subprotocols: tuple[str, ...] = (SUBPROTOCOL,),
        headers: dict[str, str] | None = None,
        origin: str | None = None,
    ) -> "Opening":
        opening = connect(
            self.url + path,
            subprotocols=[websockets.Subprotocol(name) for name in subprotocols] or None,
            additional_headers=headers,
            origin=None if origin is None else websockets.Origin(origin),
            compression=None,
            max_size=None,
        )
        return Opening(opening)


class Opening:
    def __init__(self, opening: connect) -> None:
        self._opening = opening

    async def __aenter__(self) -> Raw:
        return Raw(await self._opening.__aenter__())

    async def __aexit__(self, *error: Any) -> None:
        await self._opening.__aexit__(*error)


@pytest.fixture
def door(cast: Cast) -> Door:
    return Door(cast.server.ws_url)


# ---- who is let in ---------------------------------------------------------------------------


async def test_a_path_that_leads_nowhere_is_accepted_and_closed_with_4404(door):
    async with door("/ws/nowhere/") as raw:
        assert await raw.close_code() == 4404


async def test_an_unknown_document_is_closed_with_4404(door, cast):
    async with door(path_to(str(uuid.uuid4()), token=cast.alice.token)) as raw:
        assert await raw.close_code() == 4404


async def test_an_outsider_is_told_that_there_is_no_document(door, cast, document):
    async with door(path_to(document, token=cast.charlie.token)) as raw:
        assert await raw.close_code() == 4404


async def test_another_subprotocol_is_closed_with_4406(door, cast, document):
    path = path_to(document, token=cast.alice.token)
    async with door(path, subprotocols=("graphql-ws",)) as raw:
        assert await raw.close_code() == 4406


async def test_a_socket_that_names_no_subprotocol_speaks_json(door, cast, document):
    path = path_to(document, token=cast.alice.token)
    async with door(path, subprotocols=()) as raw:
        assert (await raw.receive("welcome"))["version"] == 1


async def test_a_hello_without_any_identity_is_closed_with_4401(door, document):
    async with door(path_to(document)) as raw:
        await raw.send({"type": "hello"})
        assert await raw.close_code() == 4401


@pytest.mark.parametrize("token", ["", "0123456789abcdef0123456789abcdef01234567", "é😀"])
async def test_a_wrong_token_in_hello_is_closed_with_4401(door, document, token):
    async with door(path_to(document)) as raw:
        await raw.send({"type": "hello", "token": token})
        assert await raw.close_code() == 4401


async def test_a_token_in_hello_is_as_good_as_one_in_the_url(door, cast, document):
    async with door(path_to(document)) as raw:
        await raw.send({"type": "hello", "token": cast.bob.token})
        assert (await raw.receive("welcome"))["user"]["username"] == "bob"


async def test_an_expired_ticket_is_closed_with_4401(door, cast, document):
    answer = cast.bob.call("POST", f"/documents/{document}/ticket/", json={"expires_in": 1})
    path = path_to(document, ticket=answer.json()["ticket"])
    async with asyncio.timeout(ANSWER_SECONDS):
        while True:
            async with door(path) as raw:
                try:
                    await raw.receive("welcome")
                except websockets.ConnectionClosed:
                    break
    assert await raw.close_code() == 4401


async def test_a_ticket_for_another_document_opens_nothing(door, cast, document):
    other = cast.bob.create()
    answer = cast.bob.call("POST", f"/documents/{other}/ticket/", json={})
    async with door(path_to(document, ticket=answer.json()["ticket"])) as raw:
        assert await raw.close_code() in {4401, 4404}


def sign_in(cast: Cast) -> dict[str, str]:
    """alice's session cookie, as a browser would send it."""
    account = {"username": "alice", "password": PASSWORD}
    with cast.alice.http.__class__(base_url=cast.alice.http.base_url) as browser:
        browser.post("/auth/login/", json=account).raise_for_status()
        return {"Cookie": f"sessionid={browser.cookies['sessionid']}"}


async def test_a_session_cookie_with_our_own_origin_is_let_in(door, cast, document):
    async with door(path_to(document), headers=sign_in(cast), origin=cast.server.url) as raw:
        assert (await raw.receive("welcome"))["user"]["username"] == "alice"


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
async def test_a_session_cookie_from_elsewhere_is_refused(door, cast, document, origin):
    async with door(path_to(document), headers=sign_in(cast), origin=origin) as raw:
        assert await raw.close_code() == 4403


async def test_a_token_with_a_foreign_origin_is_refused(door, cast, document):
    path = path_to(document, token=cast.alice.token)
    async with door(path, origin="https://evil.example") as raw:
        assert await raw.close_code() == 4403


async def test_another_epoch_is_closed_with_4409(door, cast, document):
    async with door(path_to(document, token=cast.alice.token)) as raw:
        epoch = (await raw.receive("welcome"))["epoch"]
        await raw.send({"type": "sync", "id": 1, "state_vector": "AA==", "epoch": epoch + 1})
        assert await raw.close_code() == 4409


# ---- what is said ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "hello",
        '{"type": "update", ',
        "[]",
        "null",
        "17",
        "{}",
        '{"type": 7}',
        '{"type": "update"}',
        '{"type": "update", "cseq": -1, "update": "AAA="}',
        '{"type": "update", "cseq": 1e400, "update": "AAA="}',
        '{"type": "update", "cseq": 1, "update": "no base64!"}',
        '{"type": "update", "cseq": 1, "update": null}',
        '{"type": "sync", "id": 2, "state_vector": "////////"}',
        '{"type": "awareness", "states": {"client": 1}}',
        '{"type": "awareness", "states": [{"client": "me", "clock": 1, "state": {}}]}',
        "[" * 100_000,
        '{"type": "ping", "id": ' + "9" * 5000 + "}",
    ],
    ids=lambda frame: frame[:40],
)
async def test_a_malformed_message_is_answered_and_the_socket_stays(
    door, cast, document, bystander, frame
):
    async with door(path_to(document, token=cast.alice.token)) as raw:
        await raw.join()
        await raw.send(frame)
        answers = [m for m in await raw.settle(bystander) if m["type"] == "error"]
        assert [answer["code"] for answer in answers] == ["bad_message"]
        assert answers[0]["detail"]


async def test_an_unknown_type_is_unsupported(door, cast, document, bystander):
    async with door(path_to(document, token=cast.alice.token)) as raw:
        await raw.join()
        await raw.send({"type": "teleport", "id": 5})
        error = await raw.receive("error")
        assert (error["code"], error["id"]) == ("unsupported", 5)


async def test_a_binary_frame_is_closed_with_4400(door, cast, document, bystander):
    async with door(path_to(document, token=cast.alice.token)) as raw:
        await raw.join()
        await raw.send(b"\x00\x00\x01\x00")
        assert await raw.close_code() == 4400


def typed(text: str, *, client_id: int = 4711) -> bytes:
    doc: Doc[Any] = Doc(client_id=client_id)
    doc.get("content", type=Text).insert(0, text)
    return doc.get_update()


@pytest.mark.parametrize("name", HOSTILE_UPDATES)
async def test_a_hostile_update_is_refused_and_the_next_one_is_kept(
    door, cast, document, bystander, name
):
    async with door(path_to(document, token=cast.alice.token)) as raw:
        await raw.join()
        hostile = encode(HOSTILE_UPDATES[name])
        await raw.send({"type": "update", "cseq": 1, "update": hostile})
        said = await raw.settle(bystander)
        assert not [m for m in said if m["type"] == "ack"]
        assert [m["code"] for m in said if m["type"] == "error"] == ["bad_update"]
        await raw.send({"type": "update", "cseq": 2, "update": encode(typed("fine "))})
        assert (await raw.receive("ack"))["cseq"] == 2
        await bystander.until(lambda: "fine " in str(bystander.text))


async def test_an_update_without_its_predecessors_is_asked_for_them(
    door, cast, document, bystander
):
    doc: Doc[Any] = Doc(client_id=4711)
    updates: list[bytes] = []
    doc.observe(lambda event: updates.append(event.update))
    text = doc.get("content", type=Text)
    text.insert(0, "a")
    text.insert(1, "b")
    async with door(path_to(document, token=cast.alice.token)) as raw:
        await raw.join()
        await raw.send({"type": "update", "cseq": 1, "update": encode(updates[1])})
        said = await raw.settle(bystander)
        assert not [m for m in said if m["type"] == "ack"]
        assert [m for m in said if m["type"] == "sync" and "id" not in m]
        await raw.send({"type": "update", "cseq": 2, "update": encode(doc.get_update())})
        assert (await raw.receive("ack"))["cseq"] == 2
        await bystander.until(lambda: "ab" in str(bystander.text))


async def test_another_persons_client_id_with_other_words_is_a_conflict(
    door, cast, document, bystander
):
    # bob is 11, and is there; this is not what he typed.
    async with door(path_to(document, token=cast.alice.token)) as raw:
        await raw.join()
        forged = encode(typed("XY", client_id=11))
        await raw.send({"type": "update", "cseq": 1, "update": forged})
        said = await raw.settle(bystander)
        assert [m["code"] for m in said if m["type"] == "error"] == ["conflict"]
        assert not [m for m in said if m["type"] == "ack"]
    assert "XY" not in str(bystander.text)


async def test_a_viewer_who_writes_gets_one_read_only_and_no_ack(door, cast, document, bystander):
    async with door(path_to(document, token=cast.vera.token)) as raw:
        await raw.join()
        await raw.send({"type": "update", "cseq": 1, "update": encode(typed("graffiti"))})
        said = await raw.settle(bystander)
        assert [(m["code"], m["cseq"]) for m in said if m["type"] == "error"] == [("read_only", 1)]
        assert not [m for m in said if m["type"] in {"ack", "sync"}]
    assert "graffiti" not in str(bystander.text)


async def test_an_update_above_the_limit_is_too_large_and_final(door, cast, document, bystander):
    async with door(path_to(document, token=cast.alice.token)) as raw:
        limits = (await raw.receive("welcome"))["limits"]
        await raw.send({"type": "sync", "id": 1, "state_vector": "AA=="})
        await raw.receive("sync")
        large = "x" * (max(limits.values()) + 1)
        with_room = {"type": "update", "cseq": 1, "update": large}
        with contextlib.suppress(websockets.ConnectionClosed):
            await raw.send(with_room)
        assert await raw.close_code() in {4413, 1009}


async def test_a_frame_that_no_server_would_take_is_closed(door, cast, document, bystander):
    async with door(path_to(document, token=cast.alice.token)) as raw:
        await raw.join()
        with contextlib.suppress(websockets.ConnectionClosed):
            await raw.send("x" * (40 * 1024 * 1024))
        assert await raw.close_code() in {4413, 1009}


async def test_a_forged_cursor_of_another_person_is_not_shown(door, cast, document, bystander):
    async with cast.vera.client(document) as vera:
        await bystander.share({"cursor": 1})
        await vera.until(lambda: 11 in vera.awareness)
        genuine = vera.awareness[11]
        async with door(path_to(document, token=cast.alice.token)) as raw:
            await raw.join()
            forged = {"client": 11, "clock": 99, "state": {"user": {"name": "bob"}}}
            await raw.send({"type": "awareness", "states": [forged]})
            await raw.settle(bystander)
            await bystander.share({"cursor": 2})
            await vera.until(lambda: vera.awareness[11] != genuine)
            assert vera.awareness[11][1]["cursor"] == 2


async def test_silence_is_closed_with_4408(new_sqlite):
    settings = {"DJANGO_SETTINGS_MODULE": "tests.e2e.settings"}
    with serve(database_url=new_sqlite(), env=settings) as impatient:
        with closing(Cast.on(impatient)) as cast:
            document = cast.alice.create()
        async with Door(impatient.ws_url)(path_to(document)) as raw:
            assert await raw.close_code() == 4408
