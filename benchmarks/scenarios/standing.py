"""What it costs when nothing happens: open sockets, and documents in memory."""

import asyncio

from benchmarks.generator import Fleet
from benchmarks.measure import Figures, Server, check, interval, percentiles, settle

ROOM = 100
IDLE_SECONDS = 10.0
PASTE_CHARACTERS = 100_000
# Hocuspocus pings every 60 s, y-websocket every 30, ours every 20: here it is enough for ours.
PING_SECONDS = 25.0
KIB, MIB = 2**10, 2**20


async def idle(server: Server, *, connections: int) -> Figures:
    """Connections that say nothing, up to 100 to a document: the server's memory for each."""
    count = -(-connections // ROOM)
    names = server.create_documents(count, people=min(ROOM, connections))
    fleet = Fleet(server)
    # What the first connection loads is not the price of a connection.
    await fleet.join(names[0], min(2, connections), keep=False)
    before = await settle(server)
    rooms = [await fleet.join(name, min(ROOM, connections), keep=False) for name in names]
    after = await settle(server)
    async with interval(server, fleet) as measured:
        await asyncio.sleep(IDLE_SECONDS)
    joined = sum(len(room) for room in rooms)
    figures = {
        "memory_kib_each": (after - before) / joined / KIB,
        "memory_mib": after / MIB,
        "server_cpu_share": measured.server_cpu_seconds / measured.seconds,
        "closed": sum(client.closed for client in fleet.clients),
    }
    fleet.leave()
    return figures


async def crowd(server: Server, *, connections: int) -> Figures:
    """Connections, up to 100 to a document, of which in 10 documents two people type 2/s each.

    The work is the same however many look on elsewhere; what grows is what looking on costs.
    """
    size = min(ROOM, connections)
    names = server.create_documents(-(-connections // size), people=size)
    fleet = Fleet(server)
    before = await settle(server)
    rooms = {name: await fleet.join(name, size, keep=False) for name in names}
    after = await settle(server)
    typists = [client for room in list(rooms.values())[:10] for client in room[:2]]
    with fleet.timing():
        async with interval(server, fleet) as measured:
            await fleet.pace(typists, per_second=2, seconds=IDLE_SECONDS)
        await fleet.drain()
    figures = (
        measured.figures()
        | percentiles(fleet.tally.latencies, "delivery")
        | {
            "memory_kib_each": (after - before) / connections / KIB,
            "memory_mib": after / MIB,
            "lost_updates": fleet.missing(),
            "closed": sum(client.closed for client in fleet.clients),
        }
    )
    fleet.leave()
    return figures


async def loaded(server: Server, *, documents: int, characters: int) -> Figures:
    """Documents of so much text, each kept open by one client: the server's memory for each."""
    names = server.create_documents(documents + 1, people=1)
    fleet = Fleet(server)
    await fleet.join(names.pop(), 1, keep=False)
    before = await settle(server)
    rooms = {name: await fleet.join(name, 1) for name in names}
    for [client] in rooms.values():
        for start in range(0, characters, PASTE_CHARACTERS):
            client.paste(min(PASTE_CHARACTERS, characters - start))
        await asyncio.sleep(0)
    # A parser may keep the last frame until the next one comes: here the pong to a ping.
    await asyncio.sleep(PING_SECONDS)
    after = await settle(server)
    figures = {"memory_kib_each": (after - before) / documents / KIB, "memory_mib": after / MIB}
    figures |= await check(fleet, rooms)
    fleet.leave()
    return figures
