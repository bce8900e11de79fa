"""Random edits by every kind of client at once, over a bad network: all end with the same text.

Each seed is one story. SEEDS=200 tells more of them; SEEDS=17: tells number 17 alone.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from random import Random

import pytest
from pycrdt import Text

from tests.clients.driver import HOCUSPOCUS, Y_WEBSOCKET, StockClient, View
from tests.clients.guests import Guests
from tests.e2e.client import Client
from tests.e2e.database import read_log, replay
from tests.e2e.people import Cast
from tests.e2e.proxy import Network, network
from tests.e2e.test_convergence import chosen_seeds, random_words
from tests.services import wait_until

EDITS = 150
STORY_SECONDS = 60
KINDS = ["y-websocket3", "y-websocket2", "hocuspocus4", "hocuspocus3"]


@dataclass
class Typist:
    """One client, whichever it is, and its way to the server."""

    client: Client | StockClient
    way: Network

    @property
    def tells_saved(self) -> bool:
        return isinstance(self.client, Client) or self.client.kind in HOCUSPOCUS

    async def edit(self, random: Random) -> None:
        if isinstance(self.client, Client):
            content = str(self.client.text)
            at = random.randint(0, len(content))
            if random.random() < 0.35:
                self.client.delete(at, min(len(content) - at, random.randint(1, 8)))
            else:
                self.client.insert(at, random_words(random))
            # Edits are sent in the next turn of the loop.
            await asyncio.sleep(0)
        elif random.random() < 0.35:
            await self.client.delete(random.randint(0, 100), random.randint(1, 8))
        else:
            # Beyond the end is at the end.
            await self.client.insert(random.randint(0, 100), random_words(random))

    async def drop(self) -> None:
        """Lose the connection in the middle of whatever is being said."""
        self.way.cut()
        if isinstance(self.client, Client):
            await self.client.abort()

    async def return_(self) -> None:
        # Stock providers come back by themselves.
        if isinstance(self.client, Client) and not self.client.is_open:
            await self.client.connect()

    async def saved(self) -> None:
        if isinstance(self.client, Client):
            await self.client.saved()
        elif self.tells_saved:
            await self.client.until_saved()


async def until_equal(stock: Sequence[StockClient], scripts: Sequence[Client]) -> str:
    """Wait until all are connected and have the same text; that text."""

    def is_connected(view: View) -> bool:
        return view.is_open and view.is_synced

    while True:
        # Counted first: what arrives while we look is news.
        heard = [len(script.received) for script in scripts]
        views = [await client.look() for client in stock]
        texts = {view.text for view in views} | {str(script.text) for script in scripts}
        if len(texts) == 1 and all(is_connected(view) for view in views):
            return texts.pop()
        news = [
            asyncio.create_task(client.changed(after=view.version))
            for client, view in zip(stock, views, strict=True)
        ] + [
            asyncio.create_task(script.news(after=count, seconds=STORY_SECONDS))
            for script, count in zip(scripts, heard, strict=True)
        ]
        try:
            await asyncio.wait(news, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in news:
                task.cancel()
            await asyncio.gather(*news, return_exceptions=True)


async def tell(cast: Cast, guests: Guests, *, seed: int) -> None:
    random = Random(seed)
    document = cast.alice.create(bob="editor")
    port = cast.server.port
    async with AsyncExitStack() as stack:
        ways = [await stack.enter_async_context(network(port, random)) for _ in range(5)]
        script = cast.alice.client(document, url=ways[0].ws_url)
        stack.push_async_callback(script.close)
        await script.connect()
        stock = [
            await guests.join(kind, random.choice([cast.alice, cast.bob]), document, url=way.ws_url)
            for kind, way in zip(KINDS, ways[1:], strict=True)
        ]
        group = [Typist(client, way) for client, way in zip([script, *stock], ways, strict=True)]
        dropped: list[Typist] = []
        edits = 0
        while edits < EDITS:
            typist = random.choice(group)
            match random.choices(["edit", "listen", "drop", "return", "weather"], [80, 6, 3, 6, 5])[
                0
            ]:
                case "edit":
                    await typist.edit(random)
                    edits += 1
                case "listen" if typist.tells_saved and typist not in dropped:
                    await typist.saved()
                case "drop" if typist not in dropped:
                    dropped.append(typist)
                    await typist.drop()
                case "return":
                    await typist.return_()
                case "weather":
                    typist.way.delay_seconds = random.choice([0.0, 0.002, 0.02])
        for typist in group:
            typist.way.delay_seconds = 0.0
            await typist.return_()
        await check_convergence(cast, document, stock, script)
        await guests.leave()


async def check_convergence(
    cast: Cast, document: str, stock: list[StockClient], script: Client
) -> None:
    await script.saved()
    for client in stock:
        if client.kind in HOCUSPOCUS:
            await client.until_saved()
    async with cast.alice.client(document) as newcomer:
        text = await until_equal(stock, [script, newcomer])
        assert not script.errors
    await asyncio.to_thread(
        wait_until,
        lambda: cast.alice.content(document)["text"] == text,
        seconds=10,
        what="the text of all is stored",
    )
    rows = await asyncio.to_thread(read_log, cast.server.database_url, document)
    assert str(replay(rows).get("content", type=Text)) == text


@pytest.mark.parametrize("seed", chosen_seeds(5))
async def test_every_kind_of_client_ends_with_the_same_text(cast, guests, seed):
    async with asyncio.timeout(STORY_SECONDS):
        await tell(cast, guests, seed=seed)


@pytest.mark.parametrize("seed", chosen_seeds(2))
async def test_every_kind_of_client_ends_with_the_same_text_across_processes(
    cluster_cast, guests, seed
):
    async with asyncio.timeout(STORY_SECONDS):
        await tell(cluster_cast, guests, seed=seed)


async def test_server_that_dies_and_comes_back_finds_everybody_again(mortal_cast, guests):
    cast, server = mortal_cast, mortal_cast.server
    document = cast.alice.create(bob="editor")
    kinds = [*Y_WEBSOCKET, *HOCUSPOCUS]
    clients = [await guests.join(kind, cast.bob, document) for kind in kinds]
    for client in clients:
        await client.until_synced()
        await client.insert(0, f"{client.kind} before; ")
    before = await until_equal(clients, [])
    for client in clients:
        if client.kind in HOCUSPOCUS:
            await client.until_saved()
    server.kill()
    for client in clients:
        await client.until(lambda view: not view.is_open)
        await client.insert(0, f"{client.kind} meanwhile; ")
    server.start()
    # How much longer they take is their business: the pauses between attempts grow.
    text = await until_equal(clients, [])
    for client in clients:
        assert text.count(f"{client.kind} meanwhile; ") == 1
        assert before.count(f"{client.kind} before; ") == 1
    assert text.endswith(before)
    async with cast.alice.client(document) as newcomer:
        assert str(newcomer.text) == text
