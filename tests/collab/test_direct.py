"""The direct line parses what arrives in pieces, so that others have their turn in between."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from websockets.frames import Frame, Opcode, apply_mask
from websockets.server import ServerProtocol

from collab import direct
from collab.direct import DirectLine

TURNS = 10


class Transport:
    def __init__(self) -> None:
        self.protocol: Any = None
        self.is_reading = True
        self.closing = False

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True

    def write(self, data: bytes) -> None:
        raise AssertionError("nobody writes")

    def is_closing(self) -> bool:
        return self.closing


class Protocol:
    """As much of uvicorn's as there is to it; each byte is a message."""

    def __init__(self) -> None:
        self.transport = Transport()
        self.queue: asyncio.Queue[bytes] = asyncio.Queue()
        self.read_paused = self.close_sent = False
        self.parsed: list[bytes] = []
        self.queues = False
        # The parser is never between two messages: everything is the protocol's.
        self.conn = SimpleNamespace(parser=SimpleNamespace(gi_yieldfrom=None), current_size=None)

    def data_received(self, data: bytes) -> None:
        self.parsed.append(data)
        if self.queues:
            self.queue.put_nowait(data)
            if not self.read_paused:
                self.read_paused = True
                self.transport.pause_reading()

    async def receive(self) -> bytes:
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self.transport.resume_reading()
        return message


@pytest.fixture
def protocol(monkeypatch: pytest.MonkeyPatch) -> Protocol:
    monkeypatch.setattr(direct, "_PIECE_BYTES", 4)
    protocol = Protocol()
    DirectLine(protocol, lambda _: False)
    return protocol


async def test_little_is_parsed_at_once(protocol):
    protocol.transport.protocol.data_received(b"abcd")
    assert protocol.parsed == [b"abcd"]
    assert protocol.transport.is_reading


async def test_much_is_parsed_in_turns_while_nothing_more_is_read(protocol):
    protocol.transport.protocol.data_received(b"abcdefghij")
    assert (protocol.parsed, protocol.transport.is_reading) == ([b"abcd"], False)
    await asyncio.sleep(0)
    assert (protocol.parsed, protocol.transport.is_reading) == ([b"abcd", b"efgh"], False)
    await asyncio.sleep(0)
    assert protocol.parsed == [b"abcd", b"efgh", b"ij"]
    assert protocol.transport.is_reading


async def test_what_was_read_already_is_parsed_in_its_order(protocol):
    protocol.transport.protocol.data_received(b"abcdef")
    protocol.transport.protocol.data_received(b"ghi")
    for _ in range(TURNS):
        await asyncio.sleep(0)
    assert b"".join(protocol.parsed) == b"abcdefghi"
    assert protocol.transport.is_reading


async def test_application_that_keeps_up_does_not_have_more_read_in_between(protocol):
    protocol.queues = True
    protocol.transport.protocol.data_received(b"abcdefghij")
    assert await protocol.receive() == b"abcd"
    assert not protocol.transport.is_reading
    await asyncio.sleep(0)
    assert await protocol.receive() == b"efgh"
    assert not protocol.transport.is_reading
    await asyncio.sleep(0)
    # Now it is the application's to say.
    assert not protocol.transport.is_reading
    assert await protocol.receive() == b"ij"
    assert protocol.transport.is_reading


async def test_what_is_left_of_a_lost_connection_is_not_parsed(protocol):
    protocol.transport.protocol.data_received(b"abcdefghij")
    protocol.transport.closing = True
    for _ in range(TURNS):
        await asyncio.sleep(0)
    assert protocol.parsed == [b"abcd"]


async def test_clients_close_is_read_although_nobody_takes_the_messages_before_it(protocol):
    protocol.queues = True
    protocol.transport.protocol.data_received(b"abcdefghij")
    # As uvicorn does when it sends a close: it goes on if it was told to wait.
    protocol.close_sent = True
    for _ in range(TURNS):
        await asyncio.sleep(0)
    assert protocol.transport.is_reading


# Short messages are parsed here -------------------------------------------------------------

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
MASK = b"\1\2\3\4"


class ParsingProtocol(Protocol):
    """With the parser that uvicorn has; what it reads is in `read`."""

    def __init__(self) -> None:
        super().__init__()
        self.conn: Any = ServerProtocol()
        self.conn.receive_data(HANDSHAKE)
        [request] = self.conn.events_received()
        self.conn.send_response(self.conn.accept(request))
        self.read: list[tuple[Opcode, bytes]] = []

    def data_received(self, data: bytes) -> None:
        self.conn.receive_data(data)
        self.read += [(frame.opcode, bytes(frame.data)) for frame in self.conn.events_received()]


def frame(payload: bytes, *, opcode: Opcode = Opcode.BINARY, fin: bool = True) -> bytes:
    head = bytes(((0x80 if fin else 0) | opcode,))
    size = len(payload)
    length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return head + length + MASK + apply_mask(payload, MASK)


@pytest.fixture
def parsing() -> ParsingProtocol:
    return ParsingProtocol()


def line(protocol: ParsingProtocol, take: Callable[[Any], bool]) -> Callable[[bytes], None]:
    DirectLine(protocol, take)
    received: Callable[[bytes], None] = protocol.transport.protocol.data_received
    return received


async def test_short_messages_are_taken_where_they_arrive(parsing):
    taken: list[bytes | str] = []
    receive = line(parsing, lambda message: not taken.append(message))
    receive(frame(b"one") + frame("zwei €".encode(), opcode=Opcode.TEXT) + frame(b""))
    receive(frame(b"x" * 125))
    assert taken == [b"one", "zwei €", b"", b"x" * 125]
    assert parsing.read == []


@pytest.mark.parametrize("cut", range(1, len(frame(b"second"))))
async def test_message_that_is_cut_off_is_the_protocols_until_its_end(parsing, cut):
    taken: list[bytes | str] = []
    receive = line(parsing, lambda message: not taken.append(message))
    second = frame(b"second")
    receive(frame(b"first") + second[:cut])
    receive(second[cut:] + frame(b"third"))
    receive(frame(b"fourth"))
    assert taken == [b"first", b"fourth"]
    assert [data for _, data in parsing.read] == [b"second", b"third"]


@pytest.mark.parametrize(
    "other",
    [frame(b"y" * 126), frame(b"ping", opcode=Opcode.PING), frame(b"pong", opcode=Opcode.PONG)],
    ids=["long", "ping", "pong"],
)
async def test_other_frames_are_the_protocols_with_what_comes_behind(parsing, other):
    taken: list[bytes | str] = []
    receive = line(parsing, lambda message: not taken.append(message))
    receive(frame(b"before") + other + frame(b"behind"))
    receive(frame(b"after"))
    assert taken == [b"before", b"after"]
    assert [data for _, data in parsing.read][-1] == b"behind"


async def test_nothing_is_taken_between_the_fragments_of_a_message(parsing):
    taken: list[bytes | str] = []
    receive = line(parsing, lambda message: not taken.append(message))
    receive(frame(b"be", fin=False))
    receive(frame(b"gin", opcode=Opcode.CONT))
    receive(frame(b"whole"))
    assert taken == [b"whole"]
    assert parsing.read == [(Opcode.BINARY, b"be"), (Opcode.CONT, b"gin")]


async def test_message_that_is_not_taken_is_the_protocols_with_those_behind_it(parsing):
    receive = line(parsing, lambda message: message == b"wanted")
    receive(frame(b"wanted") + frame(b"unwanted") + frame(b"wanted"))
    assert [data for _, data in parsing.read] == [b"unwanted", b"wanted"]


async def test_text_that_is_none_is_the_protocols_to_refuse(parsing):
    receive = line(parsing, lambda _message: True)
    receive(frame(b"\xff", opcode=Opcode.TEXT))
    assert parsing.read == [(Opcode.TEXT, b"\xff")]


async def test_unmasked_message_is_the_protocols_to_refuse(parsing):
    taken: list[bytes | str] = []
    receive = line(parsing, lambda message: not taken.append(message))
    receive(Frame(Opcode.BINARY, b"unmasked").serialize(mask=False) + bytes(300))
    assert taken == []
    assert parsing.conn.parser_exc is not None


async def test_nothing_is_taken_past_messages_that_wait(parsing):
    taken: list[bytes | str] = []
    receive = line(parsing, lambda message: not taken.append(message))
    parsing.queue.put_nowait(b"waits")
    receive(frame(b"behind"))
    assert taken == []
    assert parsing.read == [(Opcode.BINARY, b"behind")]
