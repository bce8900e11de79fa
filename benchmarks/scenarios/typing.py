"""People who type: as fast as they can, as people do, and far too much."""

import asyncio
import time

from benchmarks.generator import Fleet
from benchmarks.machine import memory_bytes
from benchmarks.measure import Figures, Server, check, interval, percentiles

WARM_UP_SECONDS = 2.0
FLOOD_SECONDS = 6.0
PACED_SECONDS = 10.0
OVERLOAD_SECONDS = 10.0
RECOVERY_SECONDS = 120.0
MEMORY_EVERY_SECONDS = 0.5
MIB = 2**20


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
    """People who type, each at an uneven rhythm: CPU, and the time until others have it.

    Where the server says what is stored, also the time until it does.
    """
    names = server.create_documents(documents, people=clients)
    fleet = Fleet(server)
    rooms = {name: await fleet.join(name, clients) for name in names}
    typists = [client for room in rooms.values() for client in room]
    tally = fleet.tally
    with fleet.timing():
        await fleet.pace(typists, per_second=per_second, seconds=WARM_UP_SECONDS)
        for taken in (tally.latencies, tally.ack_latencies, tally.lags):
            taken.clear()
        async with interval(server, fleet) as measured:
            await fleet.pace(typists, per_second=per_second, seconds=PACED_SECONDS)
        await fleet.drain()
    figures = (
        measured.figures()
        | percentiles(tally.latencies, "delivery")
        | percentiles(tally.ack_latencies, "ack")
        | percentiles(tally.lags, "generator_lag")
        | await check(fleet, rooms)
    )
    fleet.leave()
    return figures


async def overload(server: Server, *, clients: int, writers: int, per_second: float) -> Figures:
    """More than a server may be able to deliver: what is lost, and how long the rest takes.

    `recovery_seconds` runs from the last keystroke until everybody has everything.
    """
    [document] = server.create_documents(1, people=clients)
    fleet = Fleet(server)
    typists = await fleet.join(document, clients)
    before = memory_bytes(server.pid)
    sizes = [before]
    watching = asyncio.create_task(_watch_memory(server, sizes))
    async with interval(server, fleet) as measured:
        await fleet.pace(typists[:writers], per_second=per_second, seconds=OVERLOAD_SECONDS)
        stopped = time.perf_counter()
        await fleet.drain(seconds=RECOVERY_SECONDS)
        recovered = time.perf_counter() - stopped
    watching.cancel()
    sizes.append(memory_bytes(server.pid))
    figures = measured.figures() | {
        "offered_per_second": writers * per_second,
        "recovery_seconds": recovered,
        "memory_growth_mib": (max(sizes) - before) / MIB,
    }
    figures |= await check(fleet, {document: typists})
    fleet.leave()
    return figures


async def _watch_memory(server: Server, sizes: list[int]) -> None:
    while True:
        await asyncio.sleep(MEMORY_EVERY_SECONDS)
        sizes.append(memory_bytes(server.pid))
