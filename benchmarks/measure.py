"""Figures of one run: what a server spent while so much was delivered, and whether all is there."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from pycrdt import Doc, Text

from benchmarks import generator
from benchmarks.generator import Address, Client, Fleet, expected_text
from benchmarks.machine import cpu_seconds, memory_bytes
from benchmarks.updates import ROOT

# A server is quiet that uses less than this share of a core for so long. Hocuspocus stores 2 s
# after the last edit.
QUIET_SHARE = 0.05
QUIET_SECONDS = 3.0
SETTLE_SECONDS = 300

# Name of a figure, with its unit -> its value.
Figures = dict[str, float]


class Server(Protocol):
    """A running server, whoever's."""

    @property
    def pid(self) -> int: ...

    @property
    def stores(self) -> bool:
        """Whether documents outlive the process."""
        ...

    def create_documents(self, count: int, *, people: int) -> list[str]:
        """Names of empty documents that the first so many people may edit."""
        ...

    def address(self, document: str, person: int) -> Address: ...

    def restart(self) -> None:
        """Stop it as it wants to be stopped, and start it on what it has stored."""
        ...


# What else looks at a server, by its process id, while an interval is measured.
watch: ContextVar[Callable[[int], AbstractContextManager[object]]] = ContextVar(
    "watch", default=lambda _: nullcontext()
)


@dataclass(slots=True)
class Interval:
    """What happened between two moments."""

    seconds: float = 0.0
    server_cpu_seconds: float = 0.0
    generator_cpu_seconds: float = 0.0
    delivered: int = 0
    frames: int = 0
    sent: int = 0

    def figures(self) -> Figures:
        """CPU is the server's, of all its processes, per 1,000 updates delivered to others."""
        figures = {
            "sent_per_second": self.sent / self.seconds,
            "server_cpu_share": self.server_cpu_seconds / self.seconds,
            "generator_cpu_share": self.generator_cpu_seconds / self.seconds,
        }
        if self.delivered:
            figures |= {
                "cpu_ms_per_1000_delivered": 1e6 * self.server_cpu_seconds / self.delivered,
                "delivered_per_second": self.delivered / self.seconds,
                "updates_per_frame": self.delivered / self.frames,
            }
        return figures


@asynccontextmanager
async def interval(server: Server, fleet: Fleet) -> AsyncIterator[Interval]:
    """Measure what happens within."""
    measured, tally = Interval(), fleet.tally
    with watch.get()(server.pid), generator.quiet():
        delivered, frames, sent = tally.delivered, tally.frames, tally.sent
        cpu, own, started = cpu_seconds(server.pid), time.process_time(), time.perf_counter()
        yield measured
        measured.seconds = time.perf_counter() - started
        measured.server_cpu_seconds = cpu_seconds(server.pid) - cpu
        measured.generator_cpu_seconds = time.process_time() - own
        measured.delivered = tally.delivered - delivered
        measured.frames = tally.frames - frames
        measured.sent = tally.sent - sent


def percentiles(seconds: Sequence[float], name: str) -> Figures:
    """p50 and p99, in milliseconds; nothing of nothing."""
    if len(seconds) < 2:
        return {}
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {f"{name}_p50_ms": 1e3 * cuts[49], f"{name}_p99_ms": 1e3 * cuts[98]}


async def check(fleet: Fleet, documents: dict[str, list[Client]]) -> Figures:
    """Wait for what is still under way; then say what was lost, and whether all texts agree.

    `lost_updates` counts what a client should have received and has not; `lost_characters` what
    a newcomer does not find; `diverged` the documents where a client that was there all the time
    has another text than a newcomer.
    """
    await fleet.drain()
    lost_characters = diverged = 0
    for document, clients in documents.items():
        newcomer = await _newcomer(fleet, document)
        text = text_of(newcomer)
        expected = expected_text({client.id: client.sent for client in clients})
        lost_characters += sum(
            abs(count - text.count(letter)) for letter, count in expected.items()
        )
        # An author does not get back what it wrote: it is compared with its own put in.
        witness = clients[0]
        diverged += text_of(witness, own=fleet.own_updates(witness)) != text
    return {
        "lost_updates": fleet.missing(),
        "lost_characters": lost_characters,
        "diverged": diverged,
        "refusals": sum(len(client.refusals) for client in fleet.clients),
        "closed": sum(client.closed for client in fleet.clients),
    }


async def _newcomer(fleet: Fleet, document: str) -> Client:
    newcomer = await fleet.visit(document)
    # Hocuspocus answers before it has applied what arrived in the same moment.
    await asyncio.sleep(0)
    return newcomer


def text_of(client: Client, *, own: Sequence[bytes] = ()) -> str:
    """What a client sees that has kept what it got."""
    doc: Doc[Text] = Doc()
    for update in own:
        doc.apply_update(update)
    for update in client.kept:
        doc.apply_update(update)
    return str(doc.get(ROOT, type=Text))


async def settle(server: Server, *, seconds: float = QUIET_SECONDS) -> int:
    """Wait until the server has had next to nothing to do for so long; its memory in bytes."""
    async with asyncio.timeout(SETTLE_SECONDS):
        while True:
            before = cpu_seconds(server.pid)
            await asyncio.sleep(seconds)
            if cpu_seconds(server.pid) - before <= seconds * QUIET_SHARE:
                return memory_bytes(server.pid)


async def wait_until(condition: Callable[[], bool], *, seconds: float) -> None:
    """Look now and then, so that looking costs the generator nothing."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (an event would be set at every delivery)
            await asyncio.sleep(0.01)
