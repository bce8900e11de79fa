"""Random edits over a bad network: whatever happens, everybody ends with the same document.

Each seed is one story. SEEDS=500 tells more of them; SEEDS=17: tells number 17 alone.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import pytest
from pycrdt import Text, XmlElement, XmlFragment, XmlText

from tests.e2e.client import Client, until_together
from tests.e2e.database import read_log, replay
from tests.e2e.people import Cast, Person
from tests.e2e.proxy import Network, network
from tests.e2e.traces import read_state_vector

STEPS = 120
STORY_SECONDS = 60
ALPHABET = "abc é😀ß\n"


def chosen_seeds(default: int) -> list[int]:
    wanted = os.environ.get("SEEDS", str(default))
    return [int(wanted[:-1])] if wanted.endswith(":") else list(range(int(wanted)))


@dataclass
class Typist:
    """Somebody who edits at random and whose network is at the mercy of the story."""

    client: Client
    way: Network
    kind: str
    random: Random
    online: bool = False
    tasks: list[asyncio.Task] = field(default_factory=list)

    async def go_online(self) -> None:
        await self.client.connect()
        self.online = True

    async def vanish(self) -> None:
        """Lose the network in the middle of whatever is being said."""
        self.online = False
        self.way.cut()
        await self.client.abort()

    def edit(self) -> None:
        if self.kind == "text":
            edit_text(self.client.text, self.random)
        else:
            edit_fragment(self.client.fragment, self.random)


def random_words(random: Random) -> str:
    return "".join(random.choices(ALPHABET, k=random.randint(1, 12)))


def edit_text(text: Text | XmlText, random: Random) -> None:
    content = str(text) if isinstance(text, Text) else "".join(str(part) for part, _ in text.diff())
    at = random.randint(0, len(content))
    start = len(content[:at].encode())
    if content and random.random() < 0.35:
        end = min(len(content), at + random.randint(1, 8))
        del text[start : len(content[:end].encode())]
    else:
        text.insert(start, random_words(random))


def edit_fragment(fragment: XmlFragment, random: Random) -> None:
    blocks = list(fragment.children)
    if not blocks or random.random() < 0.2:
        name = random.choice(["paragraph", "heading"])
        at = random.randint(0, len(blocks))
        fragment.children.insert(at, XmlElement(name, contents=[XmlText(random_words(random))]))
    elif len(blocks) > 1 and random.random() < 0.1:
        del fragment.children[random.randrange(len(blocks))]
    else:
        block = random.choice(blocks)
        texts = [child for child in block.children if isinstance(child, XmlText)]
        if not texts:
            block.children.append(XmlText(random_words(random)))
        else:
            edit_text(random.choice(texts), random)


@asynccontextmanager
async def typists(
    document: str, people: list[Person], *, kind: str, random: Random
) -> AsyncIterator[list[Typist]]:
    async with AsyncExitStack() as stack:
        group = []
        for person in people:
            way = await stack.enter_async_context(network(person.server.port, random))
            client = person.client(document, url=way.ws_url)
            stack.push_async_callback(client.close)
            group.append(Typist(client, way, kind, random))
        yield group


async def tell(cast: Cast, *, kind: str, seed: int) -> None:
    random = Random(seed)
    document = cast.alice.create(kind=kind, bob="editor")
    people = [cast.alice, cast.bob, cast.bob, cast.alice][: random.randint(2, 4)]
    async with typists(document, people, kind=kind, random=random) as group:
        for typist in group:
            await typist.go_online()
        for _ in range(STEPS):
            typist = random.choice(group)
            match random.choices(
                ["edit", "listen", "vanish", "return", "weather"], [70, 15, 4, 8, 3]
            )[0]:
                case "edit":
                    for _ in range(random.randint(1, 4)):
                        typist.edit()
                    # Edits are sent in the next turn of the loop; sometimes they are cut off there.
                    await asyncio.sleep(0)
                case "listen" if typist.online:
                    await typist.client.saved()
                case "vanish" if typist.online:
                    await typist.vanish()
                case "return" if not typist.online:
                    await typist.go_online()
                case "weather":
                    typist.way.delay_seconds = random.choice([0.0, 0.002, 0.02])
        for typist in group:
            typist.way.delay_seconds = 0.0
            if not typist.online:
                await typist.go_online()
        await check_convergence(cast, document, [typist.client for typist in group], kind=kind)


async def check_convergence(cast: Cast, document: str, clients: list[Client], *, kind: str) -> None:
    for client in clients:
        await client.saved()
    async with cast.alice.client(document) as newcomer:
        everybody = [*clients, newcomer]

        def read(client: Client) -> str:
            return str(client.text if kind == "text" else client.fragment)

        def know(client: Client) -> dict[int, int]:
            return read_state_vector(client.doc.get_state())

        # A deletion changes no state vector, so the words are compared as well.
        await until_together(
            everybody,
            lambda: all(
                know(client) == know(newcomer) and read(client) == read(newcomer)
                for client in clients
            ),
        )
        assert not [error for client in everybody for error in client.errors]
        rows = await asyncio.to_thread(read_log, cast.server.database_url, document)
        from_log = replay(rows)
        root = from_log.get("content", type=Text)
        if kind == "richtext":
            root = from_log.get("default", type=XmlFragment)
        assert str(root) == read(newcomer)


@pytest.mark.parametrize("kind", ["text", "richtext"])
@pytest.mark.parametrize("seed", chosen_seeds(12))
async def test_everybody_ends_with_the_same_document(cast, kind, seed):
    async with asyncio.timeout(STORY_SECONDS):
        await tell(cast, kind=kind, seed=seed)


@pytest.mark.parametrize("kind", ["text", "richtext"])
@pytest.mark.parametrize("seed", chosen_seeds(5))
async def test_everybody_ends_with_the_same_document_across_processes(cluster_cast, kind, seed):
    async with asyncio.timeout(STORY_SECONDS):
        await tell(cluster_cast, kind=kind, seed=seed)


async def test_a_redis_that_restarts_in_mid_sentence_is_not_noticed(cluster_cast, redis):
    document = cluster_cast.alice.create(bob="editor")
    # Enough connections that both processes have some.
    people = [cluster_cast.alice, cluster_cast.bob] * 3
    random = Random(7)
    async with typists(document, people, kind="text", random=random) as group:
        for typist in group:
            await typist.go_online()
        restart = asyncio.create_task(asyncio.to_thread(redis.restart))
        while not restart.done():
            random.choice(group).edit()
            await asyncio.sleep(0.005)
        await restart
        for typist in group:
            typist.edit()
        await check_convergence(
            cluster_cast, document, [typist.client for typist in group], kind="text"
        )
