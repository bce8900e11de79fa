"""What stock clients cost a server that has nothing for them, and how long they stay with nothing.

These measure a window of time, so they take that time.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.clients.driver import HOCUSPOCUS, Y_WEBSOCKET, Harness, StockClient
from tests.clients.guests import Guests
from tests.e2e.people import Cast
from tests.services import serve

EVERY_KIND = [*Y_WEBSOCKET, *HOCUSPOCUS]

WINDOW_SECONDS = 10.0
CONNECTS_PER_WINDOW = 3

# An hour of the clients' goes by in 40 s; so the server has to speak so much sooner.
SPEED = 90
HOUR_SECONDS = 3600 / SPEED
DEFAULT_QUIET_SECONDS = 20.0

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True, slots=True)
class Hour:
    """Clients with nothing to say, and when they will have said it for an hour."""

    # Some share nothing, so that nothing comes back to them; others renew what they share, alone.
    silent: list[StockClient]
    lonely: list[StockClient]
    until: float


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hour(new_sqlite) -> AsyncIterator[Hour]:
    """An hour of quiet clients' time, in which other tests may be about something else."""
    options = {"quiet_seconds": DEFAULT_QUIET_SECONDS / SPEED}
    with (
        serve(database_url=new_sqlite(), options=options) as hasty_server,
        closing(Cast.on(hasty_server)) as people,
        Harness(speed=SPEED) as harness,
    ):
        guests, alice = Guests(harness), people.alice
        silent, lonely = [], []
        for kind in EVERY_KIND:
            mute = {"awareness": None} if kind in HOCUSPOCUS else {}
            silent.append(await guests.join(kind, alice, alice.create(), **mute))
            if kind in Y_WEBSOCKET:
                await silent[-1].share(None)
            lonely.append(await guests.join(kind, alice, alice.create()))
        for client in (*silent, *lonely):
            await client.until_synced()
        yield Hour(silent, lonely, time.monotonic() + HOUR_SECONDS)
        await guests.leave()


def most_within_a_window(times: Sequence[float]) -> int:
    """How many of these times lie within any one window."""
    return max(
        (sum(start <= time < start + WINDOW_SECONDS for time in times) for start in times),
        default=0,
    )


async def test_who_is_refused_or_removed_hardly_knocks(cast, guests, hour):
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


async def test_quiet_socket_stays_for_an_hour(hour):
    await asyncio.sleep(hour.until - time.monotonic())
    for client in (*hour.silent, *hour.lonely):
        view = await client.look()
        assert (len(view.attempts), view.closes, view.is_open) == (1, [], True), (client, view)
        # It is not only open.
        await client.insert(0, "é😀")
        await client.until(lambda view: view.has_unsaved is not True)
