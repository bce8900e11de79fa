"""`python -m benchmarks run | profile | list`."""

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path

import uvloop

from benchmarks import machine, measure, ours, profiling
from benchmarks.machine import Cores
from benchmarks.scenarios import SCENARIOS

RESULTS = Path(__file__).parent / "results"


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
    profile = commands.add_parser("profile", help="one scenario, ours, under py-spy")
    profile.add_argument("--scenario", choices=SCENARIOS, default="flood-50x64")
    profile.add_argument("--wire", choices=["yjs", "hocuspocus", "json"], default="yjs")
    profile.add_argument("--native", action="store_true", help="C and Rust frames too; slower")
    profile.add_argument("--top", type=int, default=40)
    profile.set_defaults(command=_profile)
    return parser


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
