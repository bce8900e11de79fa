"""`python -m benchmarks run | report | profile | list`."""

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path

import uvloop

from benchmarks import machine, measure, ours, profiling, report
from benchmarks.machine import Cores
from benchmarks.running import run
from benchmarks.scenarios import ALL, CURVES, QUICK, SCENARIOS
from benchmarks.servers import NAMES, servers

RESULTS = Path(__file__).parent.parent / "var" / "benchmarks"


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    cores = Cores.of_this_machine()
    machine.raise_open_files()
    cores.pin_generator()
    options.output.mkdir(parents=True, exist_ok=True)
    return int(options.command(options, cores))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results go")
    commands = parser.add_subparsers(required=True)
    compare = commands.add_parser("run", help="compare servers, and write the table")
    compare.add_argument(
        "--scenarios", nargs="+", choices=ALL, default=list(SCENARIOS), metavar="NAME"
    )
    compare.add_argument("--servers", nargs="+", choices=NAMES, metavar="NAME")
    compare.add_argument("--rounds", type=int, default=3)
    compare.add_argument("--quick", action="store_true", help="three scenarios, some minutes")
    compare.add_argument("--curves", action="store_true", help="the long curves as well")
    compare.set_defaults(command=_run)
    again = commands.add_parser("report", help="write the table of an earlier run again")
    again.set_defaults(command=_report)
    names = commands.add_parser("list", help="the names of scenarios and servers")
    names.set_defaults(command=_list)
    profile = commands.add_parser("profile", help="one scenario, ours, under py-spy")
    profile.add_argument("--scenario", choices=SCENARIOS, default="flood-50x64")
    profile.add_argument("--wire", choices=["yjs", "hocuspocus", "json"], default="yjs")
    profile.add_argument("--native", action="store_true", help="C and Rust frames too; slower")
    profile.add_argument("--top", type=int, default=40)
    profile.set_defaults(command=_profile)
    return parser


def _run(options: argparse.Namespace, cores: Cores) -> int:
    if not cores.are_apart():
        print("There is one core only: the generator takes from the servers.", file=sys.stderr)
    chosen = QUICK if options.quick else options.scenarios
    names = [*chosen, *(CURVES if options.curves else [])]
    scenarios = [ALL[name] for name in dict.fromkeys(names)]
    described = machine.describe()
    keep = partial(report.write_results, machine=described, directory=options.output)
    with servers(cores) as all_servers:
        results = run(all_servers, scenarios, options.servers, rounds=options.rounds, keep=keep)
    table = report.write_report(results, described, options.output)
    print(table.read_text())
    return 1 if results.failures else 0


def _report(options: argparse.Namespace, cores: Cores) -> int:  # noqa: ARG001 (a command)
    results, described = report.read_results(options.output / "results.json")
    print(report.write_report(results, described, options.output).read_text())
    return 0


def _list(options: argparse.Namespace, cores: Cores) -> int:  # noqa: ARG001 (a command)
    for scenario in ALL.values():
        print(f"{scenario.name:<28} {scenario.title}")
    print(f"\nservers: {', '.join(NAMES)}")
    return 0


def _profile(options: argparse.Namespace, cores: Cores) -> int:
    name = f"{options.scenario}-{options.wire}"
    scenario = SCENARIOS[options.scenario]
    with tempfile.TemporaryDirectory(prefix="collab-bench-") as folder:
        directory = Path(folder)
        raw = directory / "stacks"
        database = ours.OurDatabase.create(directory)
        with database.serve(directory, wire=options.wire, cores=cores) as server:
            record = partial(profiling.record, path=raw, cores=cores, native=options.native)
            token = measure.watch.set(record)
            figures = uvloop.run(scenario.run(server))
            measure.watch.reset(token)
        stacks = profiling.read_stacks(raw)
    path = options.output / f"{name}.speedscope.json"
    profiling.write_speedscope(stacks, path, name=name)
    for figure, value in figures.items():
        print(f"{figure:>28} {value:,.2f}")
    print(profiling.top_functions(stacks, count=options.top))
    print(f"Open {path} in https://www.speedscope.app")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
