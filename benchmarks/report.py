"""Results as a table to read, as JSON to work with, and as pictures."""

import json
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.measure import Figures
from benchmarks.running import Results
from benchmarks.scenarios import ALL, Scenario
from benchmarks.servers import REFERENCE

Rounds = dict[str, list[Figures]]


@dataclass(frozen=True, slots=True)
class Column:
    """How a figure is written."""

    heading: str
    digits: int = 1
    # A part of one, written in percent.
    is_share: bool = False

    def write(self, value: float | None) -> str:
        if value is None:
            return "-"
        return f"{100 * value:.1f} %" if self.is_share else f"{value:,.{self.digits}f}"


COLUMNS = {
    "cpu_ms_per_1000_delivered": Column("CPU ms / 1,000 delivered"),
    "sent_per_second": Column("updates/s", 0),
    "delivered_per_second": Column("delivered/s", 0),
    "updates_per_frame": Column("updates/frame"),
    "delivery_p50_ms": Column("delivery p50 ms", 2),
    "delivery_p99_ms": Column("delivery p99 ms", 2),
    "ack_p50_ms": Column("ack p50 ms", 2),
    "ack_p99_ms": Column("ack p99 ms", 2),
    "memory_kib_each": Column("KiB each"),
    "memory_mib": Column("memory MiB"),
    "memory_growth_mib": Column("memory growth MiB"),
    "cold_ms": Column("cold ms"),
    "warm_ms": Column("warm ms"),
    "all_joined_ms": Column("all joined ms", 0),
    "cpu_ms_each": Column("CPU ms each", 2),
    "bytes_each": Column("bytes each", 0),
    "cold_bytes": Column("bytes, cold", 0),
    "warm_bytes": Column("bytes, warm", 0),
    "recovery_seconds": Column("recovery s", 2),
    "offered_per_second": Column("offered/s", 0),
    "lost_updates": Column("lost", 0),
    "lost_characters": Column("missing for a newcomer", 0),
    "diverged": Column("diverged", 0),
    "refusals": Column("refusals", 0),
    "closed": Column("closed by the server", 0),
    "server_cpu_share": Column("server CPU", is_share=True),
    "generator_cpu_share": Column("generator CPU", is_share=True),
}
# Worth a column only where there are any.
TROUBLES = frozenset({"refusals", "closed"})


def write_report(results: Results, machine: dict[str, str], directory: Path) -> Path:
    """Write table.md, results.json and the pictures; where the table is."""
    from benchmarks.plots import draw

    write_results(results, machine, directory)
    table = directory / "table.md"
    table.write_text(write_table(results, machine))
    draw(results, directory)
    return table


def write_results(results: Results, machine: dict[str, str], directory: Path) -> None:
    """Write results.json alone."""
    content = {"machine": machine, **asdict(results)}
    (directory / "results.json").write_text(json.dumps(content, indent=1) + "\n")


def read_results(path: Path) -> tuple[Results, dict[str, str]]:
    """What an earlier run has written."""
    content = json.loads(path.read_text())
    machine = content.pop("machine")
    return Results(**content), machine


def write_table(results: Results, machine: dict[str, str]) -> str:
    """Markdown: a section for each scenario, a row for each server."""
    lines = ["# Results", "", ", ".join(f"{name} {value}" for name, value in machine.items()), ""]
    for name, rounds in results.rounds.items():
        lines += _section(ALL[name], rounds)
    if results.failures:
        lines += ["## What did not work", "", *(f"- {failure}" for failure in results.failures), ""]
    return "\n".join(lines)


def _section(scenario: Scenario, rounds: Rounds) -> list[str]:
    columns = [
        name for name in COLUMNS if any(name in figures for of in rounds.values() for figures in of)
    ]
    columns = [
        name
        for name in columns
        if name not in scenario.hidden
        and (name not in TROUBLES or any(median(of, name) for of in rounds.values()))
    ]
    ratio = [f"x {REFERENCE}"] if REFERENCE in rounds else []
    headings = ["server", *ratio, *(COLUMNS[name].heading for name in columns), "rounds"]
    lines = [f"## {scenario.title}", ""]
    if ratio:
        lines += [f"The ratio is of {COLUMNS[scenario.headline].heading}.", ""]
    lines += [_row(headings), _row(["---"] + ["--:"] * (len(headings) - 1))]
    for server, of in rounds.items():
        cells = [server]
        if ratio:
            cells.append(_write_ratio(ratio_of(of, rounds[REFERENCE], scenario.headline)))
        cells += [COLUMNS[name].write(median(of, name)) for name in columns]
        lines.append(_row([*cells, str(len(of))]))
    return [*lines, ""]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def median(rounds: list[Figures], name: str) -> float | None:
    """The middle of a figure over the rounds that have it."""
    values = [figures[name] for figures in rounds if name in figures]
    return statistics.median(values) if values else None


def ratio_of(rounds: list[Figures], reference: list[Figures], name: str) -> float | None:
    """The middle of the ratios within each round, or of the medians where rounds are missing."""
    pairs = [
        (figures[name], other[name])
        for figures, other in zip(rounds, reference, strict=False)
        if name in figures and other.get(name)
    ]
    return statistics.median(ours / other for ours, other in pairs) if pairs else None


def _write_ratio(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"
