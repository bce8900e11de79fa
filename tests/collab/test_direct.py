"""The direct line parses what arrives in pieces, so that others have their turn in between."""

import asyncio
from typing import Any

import pytest

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
