"""kill -9 in mid-typing: what was acknowledged is there, and nothing is there twice."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random

import pytest

from tests.e2e.client import Client


class Writer:
    """Somebody who types words that nobody else types, and remembers which were acknowledged."""

    def __init__(self, client: Client, name: str, random: Random) -> None:
        self.client = client
        self.name = name
        self.random = random
        self.words: list[str] = []

    def type_word(self) -> None:
        # One insertion is one transaction, one frame, one cseq: the n-th word has cseq n.
        word = f"{self.name}é{len(self.words) + 1}😀"
        self.client.insert(0, f"{word} ")
        self.words.append(word)

    @property
    def acknowledged(self) -> list[str]:
        return [self.words[cseq - 1] for cseq in self.client.acks]

    async def type_until(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self.type_word()
            await asyncio.sleep(self.random.random() * 0.004)


@asynccontextmanager
async def typing(writers: list[Writer], *, acknowledged: int) -> AsyncIterator[None]:
    """Everybody types; the block begins when each has so many acknowledgements, and they go on."""
    stop = asyncio.Event()
    tasks = [asyncio.create_task(writer.type_until(stop)) for writer in writers]
    try:
        for writer in writers:
            await writer.client.until(lambda w=writer: len(w.client.acks) >= acknowledged)
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_was_acknowledged_survives_kill_9_and_nothing_is_doubled(
    mortal, mortal_cast, seed
):
    random = Random(seed)
    cast = mortal_cast
    document = cast.alice.create(bob="editor")
    people = [cast.alice, cast.bob, cast.alice, cast.bob]
    async with AsyncExitStack() as stack:
        writers = []
        for number, person in enumerate(people):
            client = await stack.enter_async_context(person.client(document))
            writers.append(Writer(client, f"w{number}", random))

        async with typing(writers, acknowledged=random.randint(20, 60)):
            await asyncio.to_thread(mortal.kill)
        for writer in writers:
            await writer.client.closed()
        promised = {word for writer in writers for word in writer.acknowledged}
        assert len(promised) >= 4 * 20
        # They go on typing while the server is away.
        for writer in writers:
            writer.type_word()
        mortal.start()

        # Before anybody who knows more is back: the promise alone.
        async with cast.alice.client(document) as newcomer:
            assert promised <= set(str(newcomer.text).split())

        for writer in writers:
            await writer.client.connect()
        for writer in writers:
            await writer.client.saved()
        typed = Counter(word for writer in writers for word in writer.words)
        for writer in writers:
            await writer.client.until(lambda w=writer: Counter(str(w.client.text).split()) == typed)
        content = cast.alice.content(document)["text"]
    assert Counter(content.split()) == typed


async def test_a_server_told_to_stop_drains_and_asks_clients_to_come_back(mortal, mortal_cast):
    cast = mortal_cast
    document = cast.alice.create()
    async with cast.alice.client(document) as alice:
        writer = Writer(alice, "alice", Random(3))
        async with typing([writer], acknowledged=10):
            process = mortal.process
            assert process is not None
            process.send_signal(signal.SIGTERM)
        assert await alice.closed() == 1012
        assert await asyncio.to_thread(process.wait, 15) in {0, -signal.SIGTERM}
        assert "Traceback" not in mortal.log()
        promised = set(writer.acknowledged)
        mortal.start()
        async with cast.alice.client(document) as newcomer:
            assert promised <= set(str(newcomer.text).split())
        await alice.connect()
        await alice.saved()
        assert Counter(str(alice.text).split()) == Counter(writer.words)
