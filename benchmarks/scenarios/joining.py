"""Joining a document: how long until a newcomer has it, and how many bytes that takes."""

import asyncio
import statistics
from functools import cache
from itertools import cycle

from pycrdt import Doc, Text

from benchmarks.generator import Client, Fleet, GeneratorError
from benchmarks.machine import memory_bytes
from benchmarks.measure import Figures, Server, check, interval, settle, text_of, wait_until
from benchmarks.updates import ROOT

WARM_JOINS = 9
COLD_JOINS = 3
CHUNK = 500
FILL_SECONDS = 300.0
PASTE_CHARACTERS = 500_000
# Of a flood that only fills a document.
IN_FLIGHT = 512
KIB, MIB = 2**10, 2**20
# There is a limit to the connections of each.
PEOPLE = 8


async def join_trace(server: Server, *, keystrokes: int) -> Figures:
    """A document that one person has typed, each keystroke an update of its own."""
    updates, text = _trace(keystrokes)
    fleet = Fleet(server)
    document, decoy = server.create_documents(2, people=2)
    await _fill(server, fleet, document, updates, text)
    return await _join(server, document, decoy, text)


async def join_storm(server: Server, *, keystrokes: int, joins: int) -> Figures:
    """Everybody comes at once, after a restart, say: one load must do for all of them."""
    updates, text = _trace(keystrokes)
    fleet = Fleet(server)
    document, decoy = server.create_documents(2, people=PEOPLE)
    await _fill(server, fleet, document, updates, text)
    await settle(server)
    if server.stores:
        server.restart()
    fleet = Fleet(server)
    await fleet.visit(decoy)
    before = await settle(server)
    async with interval(server, fleet) as measured:
        visits = (fleet.visit(document, keep=number == 0, person=number) for number in range(joins))
        visitors = await asyncio.gather(*visits)
    after = await settle(server)
    if text_of(visitors[0]) != text:
        raise GeneratorError("a newcomer finds another text")
    figures = {
        "all_joined_ms": 1e3
        * (
            max(visitor.synced_at for visitor in visitors)
            - min(visitor.started_at for visitor in visitors)
        ),
        "cpu_ms_each": 1e3 * measured.server_cpu_seconds / joins,
        "bytes_each": statistics.fmean(visitor.synced_bytes for visitor in visitors),
        "memory_kib_each": (after - before) / joins / KIB,
        "closed": sum(visitor.closed for visitor in visitors),
    }
    fleet.leave()
    return figures


async def join_text(server: Server, *, characters: int) -> Figures:
    """A document of so many characters, written in few updates; what it takes in memory too."""
    fleet = Fleet(server)
    document, decoy = server.create_documents(2, people=2)
    [writer] = await fleet.join(document, 1)
    for start in range(0, characters, PASTE_CHARACTERS):
        writer.paste(min(PASTE_CHARACTERS, characters - start))
    figures = await check(fleet, {document: [writer]})
    after = await settle(server)
    text = text_of(await fleet.visit(document))
    fleet.leave()
    figures |= await _join(server, document, decoy, text)
    return figures | {"memory_mib": after / MIB}


async def join_history(server: Server, *, updates: int) -> Figures:
    """A document that two people have typed in so many updates of one character."""
    fleet = Fleet(server)
    document, decoy = server.create_documents(2, people=2)
    typists = await fleet.join(document, 2, keep=False)
    with fleet.flood(typists, in_flight=IN_FLIGHT):
        await wait_until(
            lambda: fleet.tally.sent >= updates, seconds=FILL_SECONDS + updates / 1_000
        )
    await fleet.drain()
    lost = fleet.missing()
    text = text_of(await fleet.visit(document))
    fleet.leave()
    return await _join(server, document, decoy, text) | {"lost_updates": lost}


async def _join(server: Server, document: str, decoy: str, text: str) -> Figures:
    """Warm: others have it open. Cold: the server has been restarted, and opened another one."""
    fleet = Fleet(server)
    await fleet.visit(document)
    warm = [await _visit(fleet, document, text) for _ in range(WARM_JOINS)]
    fleet.leave()
    figures = {
        "warm_ms": 1e3 * statistics.median(seconds for seconds, _ in warm),
        "warm_bytes": warm[0][1],
        "memory_mib": memory_bytes(server.pid) / MIB,
    }
    if not server.stores:
        return figures
    cold = []
    for _ in range(COLD_JOINS):
        # It may store some time after the last edit, and does so at the latest when it is stopped.
        await settle(server)
        server.restart()
        fleet = Fleet(server)
        await fleet.visit(decoy)
        cold.append(await _visit(fleet, document, text))
        fleet.leave()
    return figures | {
        "cold_ms": 1e3 * statistics.median(seconds for seconds, _ in cold),
        "cold_bytes": cold[0][1],
    }


async def _visit(fleet: Fleet, document: str, text: str) -> tuple[float, int]:
    """Join, and leave; the seconds from opening the socket to the last byte, and the bytes."""
    visitor = await fleet.visit(document, person=1)
    visitor.leave()
    if text_of(visitor) != text:
        raise GeneratorError(
            f"a newcomer finds {len(text_of(visitor))} characters instead of {len(text)}"
        )
    return visitor.synced_at - visitor.started_at, visitor.synced_bytes


async def _fill(
    server: Server, fleet: Fleet, document: str, updates: list[bytes], text: str
) -> None:
    [writer] = await fleet.join(document, 1, keep=False)
    for number, update in enumerate(updates):
        writer.relay(update)
        if number % CHUNK == 0:
            # The server reads meanwhile: this is not about overload.
            await settle(server, seconds=0.05)
    await _until_complete(fleet, document, text)
    fleet.leave()


async def _until_complete(fleet: Fleet, document: str, text: str) -> None:
    async with asyncio.timeout(FILL_SECONDS):
        while True:
            visitor: Client = await fleet.visit(document)
            visitor.leave()
            if text_of(visitor) == text:
                return
            await asyncio.sleep(0.5)


@cache
def _trace(keystrokes: int) -> tuple[list[bytes], str]:
    """Real keystrokes, as updates, and the text that they end in."""
    from tests.e2e.traces import apply_patch, read_trace

    doc: Doc[Text] = Doc()
    text = doc.get(ROOT, type=Text)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    for transaction in cycle(read_trace("sveltecomponent")["txns"]):
        if len(updates) >= keystrokes:
            break
        for patch in transaction["patches"]:
            apply_patch(text, patch)
    doc.unobserve(subscription)
    return updates, str(text)
