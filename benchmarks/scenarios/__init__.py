"""What is measured: a scenario is a function that loads a running server and returns figures."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.measure import Figures, Server
from benchmarks.scenarios.joining import join_history, join_storm, join_text, join_trace
from benchmarks.scenarios.standing import crowd, idle, loaded
from benchmarks.scenarios.typing import flood, overload, paced

Run = Callable[[Server], Coroutine[Any, Any, Figures]]


PEERS = frozenset({"hocuspocus", "y-websocket", "pycrdt-websocket"})
# Ours on its main wire, and on all of them.
USUAL = PEERS | {"collab"}
WIRES = USUAL | {"collab-hocuspocus", "collab-json"}
# Those that say when something is stored; Hocuspocus says so when it has it in memory.
ACKNOWLEDGING = frozenset({"collab-json", "collab-hocuspocus", "collab-postgres", "hocuspocus"})
# Those that are fast enough for long histories.
LASTING = frozenset({"collab", "hocuspocus", "y-websocket"})


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
    # Servers that it is run on unless others are asked for.
    servers: frozenset[str] = USUAL
    # Servers that it says something about; None is all of them.
    only: frozenset[str] | None = None
    # Figures that would be noise in its table.
    hidden: frozenset[str] = frozenset()
    curve: Curve | None = None
    # Where on the curve.
    at: float = 0.0

    def choose(self, names: list[str], asked: list[str] | None) -> list[str]:
        """Of all servers, those to run it on."""
        wanted = self.servers if asked is None else frozenset(asked)
        return [
            name for name in names if name in wanted and (self.only is None or name in self.only)
        ]


def _flood(clients: int, in_flight: int, *, servers: frozenset[str] = USUAL) -> Scenario:
    name = f"flood-{clients}x{in_flight}"
    title = f"1 document, {clients} clients, {in_flight} in flight"
    run = partial(flood, clients=clients, in_flight=in_flight)
    return Scenario(name, title, run, servers=servers)


_ACK_FIGURES = frozenset({"ack_p50_ms", "ack_p99_ms"})


def _paced(documents: int, clients: int, per_second: float) -> Scenario:
    name = f"paced-{documents}x{clients}x{per_second:g}"
    each = "1 document" if documents == 1 else f"{documents} documents"
    title = f"{each}, {clients} clients x {per_second:g}/s"
    run = partial(paced, documents=documents, clients=clients, per_second=per_second)
    return Scenario(name, title, run, servers=WIRES, hidden=_ACK_FIGURES)


def _ack(clients: int, per_second: float) -> Scenario:
    return Scenario(
        f"ack-{clients}x{per_second:g}",
        f"From keystroke to acknowledgement, {clients} clients x {per_second:g}/s",
        partial(paced, documents=1, clients=clients, per_second=per_second),
        headline="ack_p50_ms",
        servers=ACKNOWLEDGING,
        only=ACKNOWLEDGING,
        hidden=frozenset({"updates_per_frame", "delivered_per_second"}),
    )


def _by_name(*scenarios: Scenario) -> dict[str, Scenario]:
    return {scenario.name: scenario for scenario in scenarios}


SCENARIOS = _by_name(
    _flood(50, 64, servers=WIRES),
    _flood(50, 1),
    _flood(2, 64),
    _flood(10, 64),
    _flood(200, 64),
    _paced(1, 20, 10),
    _paced(200, 2, 5),
    _ack(1, 5),
    _ack(20, 10),
    Scenario(
        "overload-50",
        "Overload: 50 clients, 10 of them write 200/s each",
        partial(overload, clients=50, writers=10, per_second=200),
    ),
    Scenario(
        "idle-1000",
        "1,000 idle connections",
        partial(idle, connections=1_000),
        servers=WIRES,
        headline="memory_kib_each",
    ),
    Scenario(
        "loaded-100",
        "100 loaded documents of 100 kB of text",
        partial(loaded, documents=100, characters=100_000),
        headline="memory_kib_each",
    ),
    Scenario(
        "join-100000",
        "Joining a document of 100,000 keystrokes",
        partial(join_trace, keystrokes=100_000),
        headline="cold_ms",
        only=LASTING,
    ),
    Scenario(
        "storm-500",
        "500 people join a document of 20,000 keystrokes at once, after a restart",
        partial(join_storm, keystrokes=20_000, joins=500),
        headline="all_joined_ms",
        only=LASTING,
    ),
)
# What is worth some minutes.
QUICK = ("flood-50x64", "paced-1x20x10", "ack-20x10")

_SIZES = Curve("sizes", "Documents that grow", "characters", ("cold_ms", "warm_ms", "memory_mib"))
_HISTORIES = Curve("histories", "Histories that grow", "updates", ("cold_ms", "warm_ms"))
_CONNECTIONS = Curve(
    "connections",
    "Connections that grow",
    "connections",
    ("memory_mib", "server_cpu_share", "delivery_p99_ms"),
)
CURVES = _by_name(
    *(
        Scenario(
            f"sizes-{size}",
            f"A document of {size:,} characters",
            partial(join_text, characters=size),
            headline="cold_ms",
            curve=_SIZES,
            at=size,
        )
        for size in (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
    ),
    *(
        Scenario(
            f"histories-{updates}",
            f"A history of {updates:,} updates",
            partial(join_history, updates=updates),
            headline="cold_ms",
            only=LASTING,
            curve=_HISTORIES,
            at=updates,
        )
        for updates in (1_000, 10_000, 100_000, 1_000_000)
    ),
    *(
        Scenario(
            f"connections-{connections}",
            f"{connections:,} connections",
            partial(crowd, connections=connections),
            headline="memory_mib",
            curve=_CONNECTIONS,
            at=connections,
        )
        for connections in (10, 100, 1_000, 10_000)
    ),
)
ALL = SCENARIOS | CURVES
