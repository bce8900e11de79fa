"""The connection rows of a process: written, struck off, and what if the database fails."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import OperationalError

from collab import records
from collab.database import DatabaseThreads
from collab.roster import Roster
from documents.lifecycle import create_document
from documents.models import Connection, Document, Process
from documents.roles import Role
from tests.collab.conftest import in_thread

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_SECONDS = 10


class Threads(DatabaseThreads):
    """Database threads that can be told to fail."""

    failures = 0

    def __init__(self) -> None:
        super().__init__(name="roster", count=1)
        self.failed = asyncio.Event()

    async def run(self, work: Callable[[], Any]) -> Any:
        if self.failures:
            self.failures -= 1
            self.failed.set()
            raise OperationalError("database is locked")
        return await super().run(work)


@pytest.fixture
async def threads() -> AsyncIterator[Threads]:
    threads = Threads()
    yield threads
    await threads.close()


@pytest.fixture
async def told() -> list[set[uuid.UUID]]:
    return []


@pytest.fixture
async def roster(
    transactional_db: None, threads: Threads, told: list[set[uuid.UUID]], monkeypatch: Any
) -> AsyncIterator[Roster]:
    monkeypatch.setattr("collab.roster._FIRST_PAUSE_SECONDS", 0.001)
    roster = Roster(gather_seconds=0.001, run=threads.run, changed=told.append)
    roster.start()
    yield roster
    await roster.stop()


@pytest.fixture
async def process_id(transactional_db: None) -> uuid.UUID:
    process_id = uuid.uuid4()
    await in_thread(lambda: records.renew_lease(process_id, 60))
    return process_id


def row_of(document: Document, process_id: uuid.UUID, role: Role = Role.EDITOR) -> Connection:
    return Connection(
        id=uuid.uuid5(process_id, str(document.id)),
        document_id=document.id,
        role=role,
        process_id=process_id,
        since=datetime.now(UTC),
    )


async def settled(roster: Roster) -> None:
    await asyncio.wait_for(roster.settle(), PATIENCE_SECONDS)


def roles() -> list[int]:
    return list(Connection.objects.values_list("role", flat=True))


async def test_session_is_written_changed_and_taken_out(roster, told, text_document, process_id):
    row = row_of(text_document, process_id)
    roster.connected(row)
    await settled(roster)
    assert await in_thread(roles) == [Role.EDITOR]
    roster.connected(row_of(text_document, process_id, Role.VIEWER))
    await settled(roster)
    assert await in_thread(roles) == [Role.VIEWER]
    roster.disconnected(row.id, text_document.id)
    await settled(roster)
    assert await in_thread(roles) == []
    assert told == [{text_document.id}] * 3
    assert await in_thread(Process.objects.count) == 1


async def test_one_who_left_while_the_database_failed_is_not_in_it(
    roster, threads, text_document, process_id
):
    threads.failures = 3
    row = row_of(text_document, process_id)
    roster.connected(row)
    await asyncio.wait_for(threads.failed.wait(), PATIENCE_SECONDS)
    roster.disconnected(row.id, text_document.id)
    await settled(roster)
    assert (await in_thread(roles), threads.failures) == ([], 0)


async def test_document_that_was_purged_meanwhile_keeps_nobody_out(
    roster, alice, text_document, process_id
):
    purged = await in_thread(lambda: create_document(owner=alice))
    purged_id = purged.id
    await in_thread(purged.delete)
    purged.id = purged_id
    roster.connected(row_of(purged, process_id))
    roster.connected(row_of(text_document, process_id))
    await settled(roster)
    assert await in_thread(roles) == [Role.EDITOR]
