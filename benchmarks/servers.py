"""Every server that can be measured, by the name that the table gives it."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import Cores
from benchmarks.measure import Server
from benchmarks.ours import OurDatabase
from benchmarks.peers import PEERS

# What the ratios are to.
REFERENCE = "hocuspocus"
OURS = {"collab": "yjs", "collab-hocuspocus": "hocuspocus", "collab-json": "json"}
NAMES = [*OURS, *PEERS]
DEFAULT = ["collab", *PEERS]


@dataclass
class Servers:
    """Starts any of them, each time afresh, on the servers' core."""

    cores: Cores
    directory: Path
    _database: OurDatabase | None = None

    @contextlib.contextmanager
    def serve(self, name: str) -> Iterator[Server]:
        """A server with no documents, until the block ends."""
        with tempfile.TemporaryDirectory(dir=self.directory) as folder:
            if name in PEERS:
                with PEERS[name](Path(folder), self.cores) as peer:
                    yield peer
                return
            if self._database is None:
                self._database = OurDatabase.create(self.directory)
            with self._database.serve(Path(folder), wire=OURS[name], cores=self.cores) as ours:
                yield ours


@contextlib.contextmanager
def servers(cores: Cores) -> Iterator[Servers]:
    """A directory for databases and logs, on the disk that /tmp is on."""
    with tempfile.TemporaryDirectory(prefix="collab-bench-", dir="/tmp") as folder:
        yield Servers(cores, Path(folder))
