"""Database threads of the live path.

`database_sync_to_async` would run everything on one shared thread, behind whatever slow query
is there, and close the connection after each call; these threads are the live path's own and
keep theirs. Nothing else in `collab` may touch the database while sockets are served.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connection, connections
from django.db.utils import load_backend

T = TypeVar("T")

# A connection that was not used for longer is looked at before it is.
_RESTED_SECONDS = 1.0


class DatabaseThreads:
    """Threads with a persistent connection each."""

    def __init__(self, *, name: str, count: int, busy_seconds: float | None = None) -> None:
        """`busy_seconds`: how long SQLite waits for others' locks, if not as the settings say."""
        self._count = count
        self._executor = ThreadPoolExecutor(
            count,
            thread_name_prefix=name,
            initializer=_take_own_connection,
            initargs=(busy_seconds,),
        )
        self._used = threading.local()

    async def run(self, work: Callable[[], T]) -> T:
        """Run in one of the threads. After a database error its next call connects anew."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._call, work)

    async def close(self) -> None:
        """Wait for what runs, close the connections, end the threads."""
        # Each thread waits for all others: so it is all of them that close theirs.
        together = threading.Barrier(self._count)

        def close_own() -> None:
            together.wait()
            connection.close()

        await asyncio.gather(*(self.run(close_own) for _ in range(self._count)))
        self._executor.shutdown(wait=True)

    def _call(self, work: Callable[[], T]) -> T:
        rested = time.monotonic() - getattr(self._used, "at", 0.0) > _RESTED_SECONDS
        try:
            if rested and connection.connection is not None and not connection.is_usable():
                # The database was restarted meanwhile.
                connection.close()
            return work()
        except (DatabaseError, InterfaceError):
            connection.close()
            raise
        finally:
            self._used.at = time.monotonic()


def _take_own_connection(busy_seconds: float | None) -> None:
    """Give this thread a connection outside of the pool.

    A pool that could not connect tries again ever more rarely, whoever waits.
    """
    settings = deepcopy(connections[DEFAULT_DB_ALIAS].settings_dict)
    settings["OPTIONS"].pop("pool", None)
    if busy_seconds is not None and connection.vendor == "sqlite":
        settings["OPTIONS"]["timeout"] = busy_seconds
    backend = load_backend(settings["ENGINE"])
    connections[DEFAULT_DB_ALIAS] = backend.DatabaseWrapper(settings, DEFAULT_DB_ALIAS)
