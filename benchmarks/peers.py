"""The servers that ours is measured against: installed once, into a cache of their own."""

import contextlib
import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.generator import Address
from benchmarks.machine import Cores
from benchmarks.wires import Hocuspocus, YWebsocket
from tests.services import free_port, wait_until

SOURCES = Path(__file__).parent / "peers"
CACHE = Path(__file__).parent / ".peers"
START_SECONDS = 30
STOP_SECONDS = 20
INSTALL_SECONDS = 600


class PeerError(Exception):
    """A peer could not be installed or did not start; the message carries its words."""


# ---- installing ------------------------------------------------------------------------------


def install_node() -> Path:
    """The npm packages of peers/node, as its lock file has them; where they are."""
    directory = CACHE / "node"
    lock = "package-lock.json"
    installed = directory / "node_modules" / ".installed"
    wanted = (SOURCES / "node" / lock).read_bytes()
    if not installed.exists() or installed.read_bytes() != wanted:
        directory.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", lock):
            shutil.copy(SOURCES / "node" / name, directory / name)
        _call(["npm", "ci", "--no-audit", "--no-fund"], directory)
        # npm 11 runs no install script unasked, and SQLite is compiled by one.
        _call(["npm", "rebuild", "better-sqlite3", "leveldown"], directory)
        installed.write_bytes(wanted)
    # Modules are looked for beside the script that wants them.
    for script in (SOURCES / "node").glob("*.mjs"):
        shutil.copy(script, directory / script.name)
    return directory


def install_pycrdt() -> Path:
    """peers/pycrdt/requirements.txt in a virtual environment of its own; its Python."""
    directory = CACHE / "pycrdt"
    wanted = (SOURCES / "pycrdt" / "requirements.txt").read_bytes()
    installed = directory / ".installed"
    python = directory / "bin" / "python"
    if not installed.exists() or installed.read_bytes() != wanted:
        directory.parent.mkdir(parents=True, exist_ok=True)
        _call([sys.executable, "-m", "venv", "--clear", str(directory)], CACHE)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _call([*pip, "--requirement", str(SOURCES / "pycrdt" / "requirements.txt")], CACHE)
        installed.write_bytes(wanted)
    return python


def _call(command: list[str], directory: Path) -> None:
    done = subprocess.run(
        command, cwd=directory, capture_output=True, check=False, timeout=INSTALL_SECONDS, text=True
    )
    if done.returncode:
        raise PeerError(f"{' '.join(command)}:\n{done.stdout}\n{done.stderr}")


# ---- running ---------------------------------------------------------------------------------


@dataclass
class Peer:
    """A running peer; it keeps its documents in a file, if it keeps them at all."""

    command: list[str]
    environment: dict[str, str]
    directory: Path
    wire: str
    stores: bool = True
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def pid(self) -> int:
        assert self.process is not None, "the peer is not running"
        return self.process.pid

    def create_documents(self, count: int, *, people: int) -> list[str]:  # noqa: ARG002
        """Names that nobody has used: a document begins to exist when somebody joins it."""
        return [f"bench-{uuid.uuid4()}" for _ in range(count)]

    def address(self, document: str, person: int) -> Address:  # noqa: ARG002 (no accounts here)
        host = f"ws://127.0.0.1:{self.port}"
        if self.wire == "hocuspocus":
            return Address(f"{host}/", functools.partial(Hocuspocus, document, "anybody"))
        return Address(f"{host}/{document}", YWebsocket)

    def start(self) -> None:
        """Start it, always on the same port, and wait until it listens."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment | {"PORT": str(self.port)},
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._listens, seconds=START_SECONDS, what=f"{self.command} listens")

    def stop(self) -> None:
        """End it with SIGTERM, so that it stores what it has not stored yet."""
        if self.process is None:
            return
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)
        self.process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def log_path(self) -> Path:
        return self.directory / "log"

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def _listens(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise PeerError(f"{self.command} ended:\n{self.log()}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


@contextlib.contextmanager
def _serve(peer: Peer) -> Iterator[Peer]:
    try:
        peer.start()
        yield peer
    finally:
        peer.stop()


def _environment(directory: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "HOST": "127.0.0.1",
        "DATABASE": str(directory / "peer.sqlite3"),
        "NODE_ENV": "production",
    }


def hocuspocus(directory: Path, cores: Cores) -> contextlib.AbstractContextManager[Peer]:
    """Hocuspocus with its SQLite extension: it stores whole documents, 2 to 10 s after edits."""
    script = install_node() / "hocuspocus.mjs"
    command = cores.pin_server(["node", str(script)])
    return _serve(Peer(command, _environment(directory), directory, wire="hocuspocus"))


def y_websocket(directory: Path, cores: Cores) -> contextlib.AbstractContextManager[Peer]:
    """The y-websocket server as it starts by default: everything in memory, nothing stored."""
    script = install_node() / "node_modules/@y/websocket-server/src/server.js"
    command = cores.pin_server(["node", str(script)])
    return _serve(Peer(command, _environment(directory), directory, wire="yjs", stores=False))


def pycrdt_websocket(directory: Path, cores: Cores) -> contextlib.AbstractContextManager[Peer]:
    """pycrdt-websocket with its SQLite store: it writes every update, and says nothing of it."""
    python = install_pycrdt()
    uvicorn = [str(python), "-m", "uvicorn", "--app-dir", str(SOURCES / "pycrdt")]
    port = free_port()
    options = ["--loop", "uvloop", "--ws", "websockets-sansio", "--log-level", "warning"]
    # As ours is served: frames of whole documents need room, and nobody compresses.
    options += ["--ws-max-size", "33554432", "--ws-per-message-deflate", "false"]
    command = cores.pin_server([*uvicorn, "--port", str(port), *options, "server:application"])
    environment = _environment(directory)
    return _serve(Peer(command, environment, directory, wire="yjs", port=port))


PEERS: dict[str, Callable[[Path, Cores], contextlib.AbstractContextManager[Peer]]] = {
    "hocuspocus": hocuspocus,
    "y-websocket": y_websocket,
    "pycrdt-websocket": pycrdt_websocket,
}
