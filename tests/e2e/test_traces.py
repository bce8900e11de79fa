"""Real keystroke histories, replayed over real sockets by clients at work at the same time."""

import asyncio
import re
from itertools import cycle

import httpx
import pytest
from pycrdt import Text

from tests.e2e.client import Client, until_together
from tests.e2e.database import read_log, replay
from tests.e2e.people import Cast
from tests.e2e.traces import (
    AuthoredUpdate,
    apply_patch,
    author_updates,
    read_state_vector,
    read_trace,
)

REPLAY_SECONDS = 180
# Never a commit per frame, and rarely a row: two people who answer each other letter by letter
# take turns in the log, too.
LEAST_FRAMES_PER_ROW = 2
LEAST_FRAMES_PER_COMMIT = 4


@pytest.fixture(scope="module")
def friends() -> dict:
    return read_trace("friendsforever")


@pytest.fixture(scope="module")
def component() -> dict:
    return read_trace("sveltecomponent")


@pytest.fixture(params=["one process", "two processes"])
def everybody(request) -> Cast:
    return request.getfixturevalue("cast" if request.param == "one process" else "cluster_cast")


def in_turns(transactions: list, size: int) -> list[list]:
    return [transactions[at : at + size] for at in range(0, len(transactions), size)]


def count_commits(cast: Cast) -> float:
    """The transactions of the journal so far, of a server with one process."""
    metrics = httpx.get(f"{cast.server.url}/metrics").raise_for_status().text
    counts = re.findall(r"^collab_journal_batches_total\b.* (\S+)$", metrics, re.MULTILINE)
    return sum(float(count) for count in counts)


async def check_what_is_left(cast: Cast, document: str, expected: str, *, frames: int) -> None:
    """Everything that can be asked for this document gives the expected text."""
    async with cast.bob.client(document) as newcomer:
        assert str(newcomer.text) == expected
    assert cast.alice.content(document)["text"] == expected
    assert cast.alice.export(document, "txt").decode() == expected
    rows = await asyncio.to_thread(read_log, cast.server.database_url, document)
    assert str(replay(rows).get("content", type=Text)) == expected
    assert cast.alice.content(document)["seq"] == len(rows)
    assert len(rows) * LEAST_FRAMES_PER_ROW <= frames, f"{len(rows)} rows for {frames} frames"


async def stream(client: Client, updates: list[AuthoredUpdate]) -> None:
    """Send one's updates, each as soon as the others' that it builds on have arrived."""
    for authored in updates:

        def has_arrived(needs: dict[int, int] = authored.needs) -> bool:
            known = read_state_vector(client.doc.get_state())
            return all(known.get(other, 0) >= clock for other, clock in needs.items())

        await client.until(has_arrived)
        client.apply(authored.update)
        await client.send_update(authored.update)
    await client.saved(seconds=REPLAY_SECONDS)


async def test_two_friends_typing_at_once_end_with_the_text_they_had(everybody, friends):
    commits = count_commits(everybody)
    document = everybody.alice.create(bob="editor")
    first, second = author_updates(friends).values()
    async with (
        everybody.alice.client(document) as alice,
        everybody.bob.client(document) as bob,
        asyncio.timeout(REPLAY_SECONDS),
    ):
        await asyncio.gather(stream(alice, first), stream(bob, second))
        assert (alice.cseq, bob.cseq) == (len(first), len(second))
    frames = len(first) + len(second)
    await check_what_is_left(everybody, document, friends["endContent"], frames=frames)
    if everybody.server.workers == 1:
        # /metrics speaks for one process.
        assert (count_commits(everybody) - commits) * LEAST_FRAMES_PER_COMMIT <= frames


async def test_one_client_at_full_speed_is_kept_to_the_letter(everybody, component):
    document = everybody.alice.create(bob="editor")
    async with everybody.alice.client(document) as alice, asyncio.timeout(REPLAY_SECONDS):
        for transactions in in_turns(component["txns"], 100):
            for transaction in transactions:
                with alice.doc.transaction():
                    for patch in transaction["patches"]:
                        apply_patch(alice.text, patch)
            await asyncio.sleep(0)
        await alice.saved(seconds=REPLAY_SECONDS)
        frames = alice.cseq
    await check_what_is_left(everybody, document, component["endContent"], frames=frames)


async def test_four_clients_taking_turns_write_one_component(everybody, component):
    document = everybody.alice.create(bob="editor")
    people = [everybody.alice, everybody.bob, everybody.alice, everybody.bob]
    clients = [person.client(document) for person in people]
    for client in clients:
        await client.connect()
    before = clients[0]

    def has_all(client: Client, of: Client) -> bool:
        """The same text can come back: only the clocks tell that nothing is under way."""
        clocks = [read_state_vector(doc.get_state()) for doc in (client.doc, of.doc)]
        return clocks[0] == clocks[1] and str(client.text) == str(of.text)

    async with asyncio.timeout(REPLAY_SECONDS):
        for client, transactions in zip(
            cycle(clients), in_turns(component["txns"], 60), strict=False
        ):
            await until_together([client, before], lambda c=client, b=before: has_all(c, b))
            for transaction in transactions:
                with client.doc.transaction():
                    for patch in transaction["patches"]:
                        apply_patch(client.text, patch)
            before = client
        for client in clients:
            await until_together([client, before], lambda c=client, b=before: has_all(c, b))
            await client.saved()
    expected = str(before.text)
    frames = sum(client.cseq for client in clients)
    for client in clients:
        await client.close()
    assert expected == component["endContent"]
    await check_what_is_left(everybody, document, expected, frames=frames)
