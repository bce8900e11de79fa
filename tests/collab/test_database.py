"""The live path's own threads: connections that last, and are made anew when they are broken."""

import threading
from collections.abc import AsyncIterator

import pytest
from django.db import DatabaseError, OperationalError, connection

from collab import database
from collab.database import DatabaseThreads
from documents.models import Document
from tests.collab.conftest import in_thread

pytestmark = pytest.mark.django_db(transaction=True)
on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has no server to lose"
)


@pytest.fixture
async def threads(transactional_db: None) -> AsyncIterator[DatabaseThreads]:
    threads = DatabaseThreads(name="test", count=1, busy_seconds=0.5)
    yield threads
    await threads.close()


def look() -> tuple[str, object, bool]:
    Document.objects.count()
    return (
        threading.current_thread().name,
        connection.connection,
        "pool" in connection.settings_dict["OPTIONS"],
    )


async def test_thread_keeps_its_own_connection_outside_of_the_pool(threads):
    found = [await threads.run(look) for _ in range(5)]
    assert len({(name, id(made)) for name, made, _ in found}) == 1
    assert not any(pooled for _, _, pooled in found)


async def test_connection_that_failed_is_made_anew(threads):
    before = await threads.run(look)

    def fail() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nonsense FROM nowhere")

    with pytest.raises(DatabaseError):
        await threads.run(fail)
    assert (await threads.run(look))[1] is not before[1]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="locks of the whole database")
async def test_thread_waits_for_locks_as_long_as_it_was_told_to(threads):
    def patience() -> int:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout")
            return int(cursor.fetchone()[0])

    assert await threads.run(patience) == 500


def backend_pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def kill(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


@on_postgresql
async def test_connection_that_died_while_it_rested_is_not_used(threads, monkeypatch):
    monkeypatch.setattr(database, "_RESTED_SECONDS", 0.0)
    before = await threads.run(backend_pid)
    await in_thread(lambda: kill(before))
    assert await threads.run(backend_pid) != before


@on_postgresql
async def test_connection_that_dies_in_use_costs_that_call_alone(threads):
    before = await threads.run(backend_pid)
    await in_thread(lambda: kill(before))
    with pytest.raises(OperationalError):
        await threads.run(backend_pid)
    assert await threads.run(backend_pid) != before
