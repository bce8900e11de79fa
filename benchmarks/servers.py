"""Every server that can be measured, by the name that the table gives it."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import Cores
from benchmarks.measure import Server
from benchmarks.ours import OurDatabase, PostgresDatabase, postgres_server
from benchmarks.peers import PEERS

# What the ratios are to.
REFERENCE = "hocuspocus"
OURS = {"collab": "yjs", "collab-hocuspocus": "hocuspocus", "collab-json": "json"}
POSTGRES = "collab-postgres"
NAMES = [*OURS, POSTGRES, *PEERS]


@dataclass
class Servers:
    """Starts any of them, each time afresh, on the servers' core."""

    cores: Cores
    directory: Path
    # Ends with the run: what several servers share.
    shared: contextlib.ExitStack
    _sqlite: OurDatabase | None = None
    _postgres: PostgresDatabase | None = None

    @contextlib.contextmanager
    def serve(self, name: str) -> Iterator[Server]:
        """A server with no documents, until the block ends."""
        with (
            tempfile.TemporaryDirectory(dir=self.directory) as folder,
            self._start(name, Path(folder)) as server,
        ):
            yield server

    def _start(self, name: str, directory: Path) -> contextlib.AbstractContextManager[Server]:
        if name in PEERS:
            return PEERS[name](directory, self.cores)
        if name == POSTGRES:
            if self._postgres is None:
                server = self.shared.enter_context(postgres_server(self.cores))
                self._postgres = PostgresDatabase.create(server)
            return self._postgres.serve(wire="json", cores=self.cores)
        if self._sqlite is None:
            self._sqlite = OurDatabase.create(self.directory)
        return self._sqlite.serve(directory, wire=OURS[name], cores=self.cores)


@contextlib.contextmanager
def servers(cores: Cores) -> Iterator[Servers]:
    """A directory for databases and logs, on the disk that /tmp is on."""
    with (
        tempfile.TemporaryDirectory(prefix="collab-bench-", dir="/tmp") as folder,
        contextlib.ExitStack() as shared,
    ):
        yield Servers(cores, Path(folder), shared)
