"""What one client is written: at once, or whenever it takes it, in order and all of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from collab.outbox import Outbox
from collab.sessions import Session, Transport
from collab.wire.messages import (
    Ack,
    Changed,
    Close,
    Person,
    Pong,
    PresenceFull,
    ServerMessage,
    Sync,
)
from documents.roles import Role


class Line:
    """A reader that is ready for so many messages, and then has to be waited for."""

    def __init__(self) -> None:
        self.ready_for = 100
        self.direct: list[ServerMessage] = []
        self.said: list[ServerMessage] = []
        self.closed: Close | None = None
        self.may_take = asyncio.Event()
        self.happened = asyncio.Event()
        self.fails = False

    def is_ready(self) -> bool:
        return self.ready_for > 0

    def write(self, message: ServerMessage) -> bool:
        if self.fails:
            raise ValueError("imagine")
        self.ready_for -= 1
        self.direct.append(message)
        self.said.append(message)
        self.happened.set()
        return True

    def write_change(self, change: Changed) -> None:
        self.write(change)

    async def send(self, message: ServerMessage) -> bool:
        await self.may_take.wait()
        self.said.append(message)
        self.happened.set()
        return True

    async def close(self, close: Close) -> None:
        self.closed = close
        self.happened.set()

    async def until_said(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.said) < count:
                self.happened.clear()
                await self.happened.wait()


@pytest.fixture
async def line() -> Line:
    return Line()


@pytest.fixture
async def session(line: Line) -> AsyncIterator[Session]:
    session = Session(
        user_id=1,
        person=Person("bob", "Bob é😀"),
        role=Role.EDITOR,
        transport=Transport(line.send, line.close, line.is_ready, line.write, line.write_change),
        outbox=Outbox(max_bytes=1000),
        since=datetime.now(UTC),
        stalled_seconds=5,
    )
    session.start(lambda _: Sync(b"\0\0", b"\0", 0), lambda: PresenceFull([]))
    yield session
    await session.stop()


async def test_ready_reader_is_told_of_a_commit_at_once(session, line):
    session.acknowledge(from_cseq=1, cseq=2, seq=7)
    assert line.direct == [Ack(2, 7, 1)]


async def test_commit_is_told_behind_what_waits(session, line):
    session.send(Pong(1))
    session.acknowledge(from_cseq=1, cseq=1, seq=7)
    session.acknowledge(from_cseq=2, cseq=2, seq=7)
    assert line.direct == []
    await line.until_said(2)
    assert line.said == [Pong(1), Ack(2, 7, 1)]


async def test_ready_reader_is_written_a_change_at_once(session, line):
    session.send_change(Changed(b"a"), before=dict)
    assert line.direct == [Changed(b"a")]


async def test_change_waits_behind_what_was_said_before_it(session, line):
    session.send(Pong(1))
    session.send_change(Changed(b"a"), before=dict)
    await line.until_said(2)
    assert line.said == [Pong(1), Changed(b"a")]


async def test_reader_who_falls_behind_in_the_middle_is_waited_for_and_misses_nothing(
    session, line
):
    line.ready_for = 3
    for number in range(10):
        session.send(Pong(number))
    await line.until_said(3)
    session.send(Pong(10))
    assert len(line.direct) == 3
    line.may_take.set()
    await line.until_said(11)
    assert line.said == [Pong(number) for number in range(11)]
    assert len(line.direct) == 3


async def test_session_that_cannot_be_written_to_ends(session, line):
    line.fails = True
    session.send(Pong(1))
    async with asyncio.timeout(10):
        while line.closed is None:
            line.happened.clear()
            await line.happened.wait()
    assert line.closed.code == 1013
