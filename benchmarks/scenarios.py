"""What is measured: a scenario is a function that loads a running server and returns figures."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from benchmarks.generator import Fleet
from benchmarks.measure import Figures, Server, check, interval, percentiles

WARM_UP_SECONDS = 2.0
FLOOD_SECONDS = 8.0
PACED_SECONDS = 15.0

Run = Callable[[Server], Awaitable[Figures]]


@dataclass(frozen=True, slots=True)
class Curve:
    """Scenarios that differ in one number, to be drawn as a line."""

    name: str
    title: str
    axis: str
    figures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A section of the table."""

    name: str
    title: str
    run: Run
    # The figure that ratios are of.
    headline: str = "cpu_ms_per_1000_delivered"
    # Servers that it says something about; None is all of them.
    servers: frozenset[str] | None = None
    # Figures that would be noise in its table.
    hidden: frozenset[str] = frozenset()
    curve: Curve | None = None
    # Where on the curve.
    at: float = 0.0

    def is_for(self, server: str) -> bool:
        return self.servers is None or server in self.servers


async def flood(server: Server, *, clients: int, in_flight: int) -> Figures:
    """One document; `in_flight` updates under way all the time, each until all others have it."""
    [document] = server.create_documents(1, people=clients)
    fleet = Fleet(server)
    typists = await fleet.join(document, clients)
    with fleet.flood(typists, in_flight=in_flight):
        await asyncio.sleep(WARM_UP_SECONDS)
        async with interval(server, fleet) as measured:
            await asyncio.sleep(FLOOD_SECONDS)
    figures = measured.figures() | await check(fleet, {document: typists})
    fleet.leave()
    return figures


async def paced(server: Server, *, documents: int, clients: int, per_second: float) -> Figures:
    """People who type, each at an uneven rhythm: CPU, and the time until the others have it."""
    names = server.create_documents(documents, people=clients)
    fleet = Fleet(server)
    rooms = {name: await fleet.join(name, clients) for name in names}
    typists = [client for room in rooms.values() for client in room]
    with fleet.timing():
        await fleet.pace(typists, per_second=per_second, seconds=WARM_UP_SECONDS)
        fleet.tally.latencies.clear()
        fleet.tally.lags.clear()
        async with interval(server, fleet) as measured:
            await fleet.pace(typists, per_second=per_second, seconds=PACED_SECONDS)
        await fleet.drain()
    figures = (
        measured.figures()
        | percentiles(fleet.tally.latencies, "delivery")
        | percentiles(fleet.tally.lags, "generator_lag")
        | await check(fleet, rooms)
    )
    fleet.leave()
    return figures


def _flood(clients: int, in_flight: int) -> Scenario:
    name = f"flood-{clients}x{in_flight}"
    title = f"1 document, {clients} clients, {in_flight} in flight"
    return Scenario(name, title, partial(flood, clients=clients, in_flight=in_flight))


def _paced(documents: int, clients: int, per_second: float) -> Scenario:
    name = f"paced-{documents}x{clients}x{per_second:g}"
    each = "1 document" if documents == 1 else f"{documents} documents"
    title = f"{each}, {clients} clients x {per_second:g}/s"
    run = partial(paced, documents=documents, clients=clients, per_second=per_second)
    return Scenario(name, title, run)


SCENARIOS = {
    scenario.name: scenario
    for scenario in [
        _flood(50, 64),
        _flood(50, 1),
        _flood(2, 64),
        _flood(10, 64),
        _flood(200, 64),
        _paced(1, 20, 10),
        _paced(200, 2, 5),
    ]
}
CURVES: dict[str, Scenario] = {}
ALL = SCENARIOS | CURVES
