"""Database threads of the live path.

`database_sync_to_async` would run everything on one shared thread, behind whatever slow query
is there, and close the connection after each call; these threads are the live path's own and
keep theirs. Nothing else in `collab` may touch the database while sockets are served.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, connection

T = TypeVar("T")


class DatabaseThreads:
    """Threads with a persistent connection each."""

    def __init__(self, *, name: str, count: int, busy_seconds: float | None = None) -> None:
        """`busy_seconds`: how long SQLite waits for others' locks, if not as the settings say."""
        self._count = count
        self._busy_seconds = busy_seconds
        self._executor = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(self, work: Callable[[], T]) -> T:
        """Run in one of the threads. After a database error its next call connects anew."""
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, _call, work, self._busy_seconds
        )

    async def close(self) -> None:
        """Wait for what runs, close the connections, end the threads."""
        # Each thread waits for all others: so it is all of them that close theirs.
        together = threading.Barrier(self._count)

        def close_own() -> None:
            together.wait()
            connection.close()

        await asyncio.gather(*(self.run(close_own) for _ in range(self._count)))
        self._executor.shutdown(wait=True)


def _call(work: Callable[[], T], busy_seconds: float | None) -> T:
    try:
        if busy_seconds is not None and connection.connection is None:
            _wait_for_locks(busy_seconds)
        return work()
    except (DatabaseError, InterfaceError):
        connection.close()
        raise


def _wait_for_locks(seconds: float) -> None:
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {round(1000 * seconds)}")
