"""Every test and check there is, one process per step; the closing lines of each come last.

`make test` runs it. A step that fails does not stop the others.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IN_THE_BROWSER = [
    "tests/e2e/test_browser.py",
    "tests/e2e/test_browser_talk.py",
    "tests/e2e/test_stock_editors.py",
]
PYTEST = [sys.executable, "-m", "pytest"]
# What pytest and vitest say when they are done, without its colours.
CLOSING_LINE = re.compile(r"^=+ .*\b(passed|failed|errors?|no tests ran)\b.* =+$|^ +Tests  .+$")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)


STEPS = [
    Step("lint", ["make", "--no-print-directory", "lint"]),
    Step("vitest", ["npm", "--prefix", "frontend", "test"]),
    Step(
        "pytest, SQLite and one process",
        [*PYTEST, "--ignore=tests/e2e", "--ignore=tests/faults"],
    ),
    Step(
        "pytest, PostgreSQL and Redis",
        [sys.executable, "-m", "tests.services", "--", *PYTEST, "tests/collab", "tests/documents"],
    ),
    Step(
        "pytest, over the wire",
        [*PYTEST, "tests/e2e", *(f"--ignore={path}" for path in IN_THE_BROWSER)],
    ),
    Step("pytest, faults", [*PYTEST, "tests/faults"]),
    # A process of its own: Playwright keeps an event loop running.
    Step("pytest, in the browser", [*PYTEST, *IN_THE_BROWSER]),
]


@dataclass(frozen=True, slots=True)
class Outcome:
    step: Step
    status: int
    seconds: float
    closing_line: str


def run(step: Step) -> Outcome:
    """Run the step, passing on what it prints."""
    sys.stdout.write(f"\n---- {step.name}: {' '.join(step.command)}\n")
    sys.stdout.flush()
    started = time.monotonic()
    closing_line = ""
    environment = {
        name: value
        for name, value in os.environ.items()
        # The caller's servers are not for tests.
        if name not in {"DATABASE_URL", "REDIS_URL", "WEB_CONCURRENCY", "DEBUG", "SECRET_KEY"}
    }
    with subprocess.Popen(
        step.command,
        cwd=ROOT,
        env=environment | step.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            plain = COLOUR.sub("", line).rstrip()
            if CLOSING_LINE.match(plain):
                closing_line = plain
    return Outcome(step, process.returncode, time.monotonic() - started, closing_line)


def main() -> int:
    outcomes = [run(step) for step in STEPS]
    failed = [outcome.step.name for outcome in outcomes if outcome.status]
    sys.stdout.write("\n---- summary\n")
    for outcome in outcomes:
        word = "FAILED" if outcome.status else "ok"
        sys.stdout.write(f"{word:6} {outcome.seconds:4.0f} s  {outcome.step.name}\n")
        if outcome.closing_line:
            sys.stdout.write(f"{outcome.closing_line}\n")
    sys.stdout.write(f"Failed: {', '.join(failed)}.\n" if failed else "Everything passed.\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
