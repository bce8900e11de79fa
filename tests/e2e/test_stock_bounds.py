"""What stock clients cost a server that has nothing for them, and how long they stay with nothing.

These measure a window of time, so they take that time.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest

from tests.clients.driver import HOCUSPOCUS, Y_WEBSOCKET, Harness
from tests.clients.guests import Guests
from tests.e2e.people import Cast
from tests.services import Server, serve

EVERY_KIND = [*Y_WEBSOCKET, *HOCUSPOCUS]

WINDOW_SECONDS = 10.0
CONNECTS_PER_WINDOW = 3

# An hour of the clients' goes by in 40 s; so the server has to speak so much sooner.
SPEED = 90
HOUR_SECONDS = 3600 / SPEED
DEFAULT_QUIET_SECONDS = 20.0


@pytest.fixture(scope="module")
def hasty_server(new_sqlite) -> Iterator[Server]:
    """One whose time passes as the hasty clients' does."""
    options = {"quiet_seconds": DEFAULT_QUIET_SECONDS / SPEED}
    with serve(database_url=new_sqlite(), options=options) as running:
        yield running


def most_within_a_window(times: Sequence[float]) -> int:
    """How many of these times lie within any one window."""
    return max(
        (sum(start <= time < start + WINDOW_SECONDS for time in times) for start in times),
        default=0,
    )


async def test_who_is_refused_or_removed_hardly_knocks(cast, guests):
    refused, removed = [], {}
    for kind in EVERY_KIND:
        bad = {"params": {"token": "bad"}} if kind in Y_WEBSOCKET else {"tokens": ["bad"]}
        refused += [
            await guests.join(kind, cast.charlie, cast.alice.create()),
            await guests.join(kind, cast.bob, cast.alice.create(), **bad),
            await guests.join(kind, cast.bob, f"not an id, {kind} é😀"),
        ]
        document = cast.alice.create(bob="editor")
        member = await guests.join(kind, cast.bob, document)
        removed[member] = await member.until_synced()
        cast.alice.call("DELETE", f"/documents/{document}/members/bob/")
    # Longer than the window: what was held back must not all come at its end.
    await asyncio.sleep(WINDOW_SECONDS * 1.3)
    counts = {client: (await client.look()).attempts for client in refused}
    for client, view in removed.items():
        counts[client] = (await client.look()).attempts[len(view.attempts) :]
    most = {client: most_within_a_window(times) for client, times in counts.items()}
    assert all(count <= CONNECTS_PER_WINDOW for count in most.values()), counts
    # They did knock, and it is not that nobody counted.
    assert {most[client] for client in refused if client.kind == "y-websocket2"} == {3}


async def test_quiet_socket_stays_for_an_hour(hasty_server):
    with Harness(speed=SPEED) as harness, closing(Cast.on(hasty_server)) as people:
        guests = Guests(harness)
        clients = []
        for kind in EVERY_KIND:
            # One who shares nothing, and to whom nobody says anything; and one who renews, alone.
            silent = await guests.join(
                kind,
                people.alice,
                people.alice.create(),
                **({"awareness": None} if kind in HOCUSPOCUS else {}),
            )
            if kind in Y_WEBSOCKET:
                await silent.share(None)
            lonely = await guests.join(kind, people.alice, people.alice.create())
            clients += [silent, lonely]
        for client in clients:
            await client.until_synced()
        await asyncio.sleep(HOUR_SECONDS)
        for client in clients:
            view = await client.look()
            assert (len(view.attempts), view.closes, view.is_open) == (1, [], True), (client, view)
        # They are not only open.
        for client in clients:
            await client.insert(0, "é😀")
        for silent, lonely in zip(clients[::2], clients[1::2], strict=True):
            assert (await silent.look()).text == (await lonely.look()).text == "é😀"
        await guests.leave()
