"""One scenario against our server, with py-spy looking on."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.machine import Cores

RATE_PER_SECOND = 500
STOP_SECONDS = 60


@contextmanager
def record(pid: int, path: Path, *, cores: Cores, native: bool) -> Iterator[None]:
    """Sample a running process, from the generator's core, until the block ends."""
    process = subprocess.Popen(
        ["taskset", "--cpu-list", str(cores.generator)]
        + [str(Path(sys.executable).with_name("py-spy")), "record", "--pid", str(pid)]
        + ["--format", "raw", "--rate", str(RATE_PER_SECOND), "--output", str(path)]
        # It does not stop the process to look: what it sees is a little blurred, not slower.
        + ["--duration", "unlimited", *(["--native"] if native else ["--nonblocking"])],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=STOP_SECONDS)
    if not path.exists():
        raise RuntimeError(f"py-spy wrote nothing: {errors.decode()}")


def read_stacks(path: Path) -> Counter[tuple[str, ...]]:
    """Samples by stack, outermost first, of a file in the collapsed format."""
    stacks: Counter[tuple[str, ...]] = Counter()
    for line in path.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        stacks[tuple(stack.split(";"))] += int(count)
    return stacks


def write_speedscope(stacks: Counter[tuple[str, ...]], path: Path, *, name: str) -> None:
    """A file for https://www.speedscope.app (source: its `file-format-schema.json`)."""
    frames = {frame: 0 for stack in stacks for frame in stack}
    numbers = {frame: number for number, frame in enumerate(frames)}
    profile = {
        "type": "sampled",
        "name": name,
        "unit": "none",
        "startValue": 0,
        "endValue": stacks.total(),
        "samples": [[numbers[frame] for frame in stack] for stack in stacks],
        "weights": list(stacks.values()),
    }
    content = {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "shared": {"frames": [{"name": frame} for frame in frames]},
        "profiles": [profile],
        "name": name,
    }
    path.write_text(json.dumps(content))


def top_functions(stacks: Counter[tuple[str, ...]], *, count: int) -> str:
    """Where time is spent, in the function itself and with what it calls, as text."""
    total = stacks.total() or 1
    own: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    for stack, samples in stacks.items():
        names = [frame.rpartition(":")[0] + ")" if ":" in frame else frame for frame in stack]
        own[names[-1]] += samples
        for name in set(names):
            whole[name] += samples
    lines = [f"{'own':>6} {'whole':>6}  function"]
    for name, samples in own.most_common(count):
        lines.append(f"{100 * samples / total:5.1f}% {100 * whole[name] / total:5.1f}%  {name}")
    lines.append("")
    lines.append(f"{'whole':>6}  function")
    for name, samples in whole.most_common(count):
        lines.append(f"{100 * samples / total:5.1f}%  {name}")
    return "\n".join(lines)
