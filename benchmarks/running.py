"""Rounds: every server in turn, again and again, so that what else happens weighs on all."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import uvloop
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from benchmarks.measure import Figures
from benchmarks.scenarios import Scenario
from benchmarks.servers import NAMES, Servers


@dataclass(slots=True)
class Results:
    """What was measured: scenario -> server -> the figures of each round, or why there are none."""

    rounds: dict[str, dict[str, list[Figures]]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def run(
    servers: Servers,
    scenarios: list[Scenario],
    asked: list[str] | None,
    *,
    rounds: int,
    keep: Callable[[Results], object],
) -> Results:
    """Run every scenario on every server that it is for, or on those asked for, in turn.

    `keep` is called whenever there is more, so that a long run that is cut off leaves something.
    """
    results = Results()
    plan = [
        (scenario, number, name)
        for scenario in scenarios
        for number in range(rounds)
        for name in _turn(scenario.choose(NAMES, asked), number)
    ]
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr)) as progress:
        task = progress.add_task("", total=len(plan))
        for scenario, number, name in plan:
            progress.update(task, description=f"{scenario.name} {name} {number + 1}/{rounds}")
            started = time.perf_counter()
            try:
                with servers.serve(name) as server:
                    figures = uvloop.run(scenario.run(server))
            except Exception as error:  # noqa: BLE001 (a peer may fail in any way: it is a result)
                results.failures.append(f"{scenario.name}, {name}: {type(error).__name__}: {error}")
                progress.console.print(results.failures[-1])
            else:
                figures["took_seconds"] = time.perf_counter() - started
                of_scenario = results.rounds.setdefault(scenario.name, {})
                of_scenario.setdefault(name, []).append(figures)
            keep(results)
            progress.advance(task)
    return results


def _turn(names: list[str], number: int) -> list[str]:
    """Another one begins in every round."""
    first = number % len(names) if names else 0
    return names[first:] + names[:first]
