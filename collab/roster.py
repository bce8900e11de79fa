"""Who is connected to this process, written down for all: the other processes, REST, the admin.

Written apart from the journal: neither of the two is to wait for the other's failures.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

from django.db import transaction

from documents.models import Connection, Document

logger = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 0.25
_MAX_PAUSE_SECONDS = 2.0


class Roster:
    """The connection rows of one process; its task is started and stopped by the hub."""

    def __init__(
        self,
        *,
        gather_seconds: float,
        run: Callable[[Callable[[], None]], Coroutine[Any, Any, None]],
        changed: Callable[[set[uuid.UUID]], None],
    ) -> None:
        """`run` runs a database call in a thread; `changed` is told the documents concerned."""
        self._gather_seconds = gather_seconds
        self._run_in_thread = run
        self._changed = changed
        self._connected: dict[uuid.UUID, Connection] = {}
        # Connection id -> document id.
        self._disconnected: dict[uuid.UUID, uuid.UUID] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="roster")

    def connected(self, row: Connection) -> None:
        """Write a session down; again when its role changed."""
        self._connected[row.id] = row
        self._stir()

    def disconnected(self, connection_id: uuid.UUID, document_id: uuid.UUID) -> None:
        """Strike a session off."""
        self._connected.pop(connection_id, None)
        self._disconnected[connection_id] = document_id
        self._stir()

    async def settle(self) -> None:
        """Wait until all is written."""
        await self._idle.wait()

    async def stop(self) -> None:
        """End the task; what is not written is the lease's to clear up."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _stir(self) -> None:
        self._idle.clear()
        self._wake.set()

    async def _run(self) -> None:
        pause = 0.0
        while True:
            await self._wake.wait()
            await asyncio.sleep(pause or self._gather_seconds)
            self._wake.clear()
            if await self._write():
                pause = 0.0
            else:
                pause = min(_MAX_PAUSE_SECONDS, 2 * pause or _FIRST_PAUSE_SECONDS)
            if self._connected or self._disconnected:
                self._wake.set()
            else:
                self._idle.set()

    async def _write(self) -> bool:
        connected, self._connected = self._connected, {}
        disconnected, self._disconnected = self._disconnected, {}
        try:
            await self._run_in_thread(lambda: _write(connected, disconnected))
        except Exception as error:
            # Whatever it is: a roster that ended would show ghosts for ever.
            logger.warning("The roster could not be written, and is tried again", exc_info=error)
            self._connected = {
                **{id_: row for id_, row in connected.items() if id_ not in self._disconnected},
                **self._connected,
            }
            self._disconnected = {**disconnected, **self._disconnected}
            return False
        self._changed({row.document_id for row in connected.values()} | set(disconnected.values()))
        return True


def _write(
    connected: dict[uuid.UUID, Connection], disconnected: dict[uuid.UUID, uuid.UUID]
) -> None:
    with transaction.atomic():
        if connected:
            documents = {row.document_id for row in connected.values()}
            # One that was purged meanwhile must not keep all the others from being written.
            there = set(Document.objects.filter(id__in=documents).values_list("id", flat=True))
            Connection.objects.bulk_create(
                [row for row in connected.values() if row.document_id in there],
                update_conflicts=True,
                unique_fields=["id"],
                update_fields=["role"],
            )
        if disconnected:
            Connection.objects.filter(id__in=disconnected).delete()
