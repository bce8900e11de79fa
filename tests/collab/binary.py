"""Sockets of the binary wires, spoken byte by byte; a lib0 of its own, so that no bug hides."""

from typing import Any

from channels.testing import WebsocketCommunicator
from pycrdt import Doc, Text

from collab.asgi import application
from tests.collab.conftest import PATIENCE_SECONDS

HELLO = bytes.fromhex("0101010004010107636f6e74656e740568c3a9f09f9880")


def number(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes((value & 127 | 128,))
        value >>= 7
    return out + bytes((value,))


def chunk(raw: bytes | str) -> bytes:
    raw = raw.encode() if isinstance(raw, str) else raw
    return number(len(raw)) + raw


def step_1(state_vector: bytes = b"\0") -> bytes:
    return b"\0\0" + chunk(state_vector)


def step_2(update: bytes) -> bytes:
    return b"\0\1" + chunk(update)


def update(update: bytes) -> bytes:
    return b"\0\2" + chunk(update)


def awareness(client: int, clock: int, state: str) -> bytes:
    return b"\1" + chunk(number(1) + number(client) + number(clock) + chunk(state))


def auth(token: str, version: str = "") -> bytes:
    return b"\2\0" + chunk(token) + (chunk(version) if version else b"")


def states_in(body: bytes) -> list[tuple[int, int, str]]:
    """(client, clock, JSON) of an awareness body; none for others."""
    if body[:1] != b"\1":
        return []
    said, rest = take(body[1:])
    assert not rest
    count, said = take_number(said)
    states = []
    for _ in range(count):
        client, said = take_number(said)
        clock, said = take_number(said)
        state, said = take(said)
        states.append((client, clock, state.decode()))
    assert not said
    return states


def take_number(frame: bytes) -> tuple[int, bytes]:
    """The first number of a frame, and what follows it."""
    value = shift = at = 0
    while True:
        byte = frame[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, frame[at:]


def take(frame: bytes) -> tuple[bytes, bytes]:
    """The first chunk of a frame, and what follows it."""
    size, rest = take_number(frame)
    return rest[:size], rest[size:]


def insert(text: str, *, client: int) -> bytes:
    """The update of a new document with that text in it."""
    doc: Doc[Any] = Doc(client_id=client)
    doc.get("content", type=Text).insert(0, text)
    return doc.get_update()


class BinarySocket:
    """One WebSocket; frames are bytes, a close is its code."""

    def __init__(self, path: str, **headers: str) -> None:
        given = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.communicator = WebsocketCommunicator(application, path, headers=given)

    async def connect(self) -> "BinarySocket":
        accepted, _ = await self.communicator.connect(timeout=PATIENCE_SECONDS)
        assert accepted, "a close before the accept reaches browsers as 1006"
        return self

    async def send(self, frame: bytes) -> None:
        await self.communicator.send_to(bytes_data=frame)

    async def next(self, *, seconds: float = PATIENCE_SECONDS) -> bytes | int:
        output = await self.communicator.receive_output(timeout=seconds)
        if output["type"] == "websocket.close":
            code: int = output["code"]
            return code
        assert output.get("text") is None
        frame: bytes = output["bytes"]
        return frame

    async def until(self, *wanted: bytes | int) -> bytes | int:
        """The next of these frames (or that begins with one of them), or close code."""
        while True:
            got = await self.next()
            for candidate in wanted:
                if got == candidate or (
                    isinstance(got, bytes)
                    and isinstance(candidate, bytes)
                    and got.startswith(candidate)
                ):
                    return got
            assert isinstance(got, bytes), f"closed with {got}, not {wanted}"

    async def until_state(self, client: int, clock: int, state: str) -> None:
        """Wait for an awareness that has this, among others."""
        while True:
            got = await self.next()
            assert isinstance(got, bytes), f"closed with {got}"
            if (client, clock, state) in states_in(got):
                return

    async def close_code(self) -> int:
        while True:
            if isinstance(got := await self.next(), int):
                return got
