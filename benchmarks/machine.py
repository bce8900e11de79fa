"""What the kernel knows of processes and of this machine. Linux only."""

import os
import platform
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
_UTIME, _STIME = 11, 12


@dataclass(frozen=True, slots=True)
class Cores:
    """Who runs where: the servers on one core, the generator on another."""

    server: int
    generator: int

    @classmethod
    def of_this_machine(cls) -> "Cores":
        """The first core that we may use for the servers, the last for the generator."""
        cores = sorted(os.sched_getaffinity(0))
        return cls(cores[0], cores[-1])

    def are_apart(self) -> bool:
        return self.server != self.generator

    def pin_generator(self) -> None:
        """Keep this process, and nothing that is started with `taskset`, on its core."""
        os.sched_setaffinity(0, {self.generator})

    def pin_thread_to_server(self) -> None:
        """Start what is started next on the servers' core."""
        os.sched_setaffinity(0, {self.server})

    def pin_server(self, command: list[str]) -> list[str]:
        """The same command, kept on the servers' core with all its threads and children."""
        return ["taskset", "--cpu-list", str(self.server), *command]


def processes(pid: int) -> list[int]:
    """A process and all its living descendants."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in _read(task).split()]
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its descendants: /proc/<pid>/stat, 10 ms ticks."""
    return sum(_cpu_ticks(process) for process in processes(pid)) * _TICK_SECONDS


def _cpu_ticks(pid: int) -> int:
    # The name of the program, in parentheses, may hold anything.
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return int(fields[_UTIME]) + int(fields[_STIME]) if fields else 0


def memory_bytes(pid: int) -> int:
    """Proportional resident memory of a process and its descendants."""
    return sum(_memory_bytes(process) for process in processes(pid))


def _memory_bytes(pid: int) -> int:
    for line in _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _read(path: Path) -> str:
    # A process may end at any time.
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def raise_open_files() -> None:
    """Allow as many sockets as the machine does; children inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def describe() -> dict[str, str]:
    """The machine, for the head of a table."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in _read(Path("/proc/cpuinfo")).splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": model,
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "kernel": platform.release(),
        # Builds differ by more than versions: pyenv's, say, are made without optimisations.
        "python": f"{platform.python_version()} in {sys.base_prefix}",
        "load": f"{os.getloadavg()[0]:.1f}",
    }
