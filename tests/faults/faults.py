"""The faults themselves, other than the death of a process."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Any

import psycopg

from tests.e2e.database import SQLITE
from tests.faults.base import House
from tests.services import ROOT


@contextmanager
def paused(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """A process that is there, and does nothing at all."""
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


@contextmanager
def _sqlite_locked(database_url: str) -> Iterator[None]:
    path = database_url.removeprefix(SQLITE)
    with closing(
        sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    ) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def _row_locked(database_url: str, document: str) -> Iterator[None]:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "SELECT 1 FROM documents_document WHERE id = %s FOR UPDATE", [uuid.UUID(document)]
        )
        yield
        connection.rollback()


@asynccontextmanager
async def locked(house: House, document: str) -> AsyncIterator[None]:
    """Somebody else holds the document's row; with SQLite that is the whole database."""
    if house.database_url.startswith(SQLITE):
        lock = _sqlite_locked(house.database_url)
    else:
        lock = _row_locked(house.database_url, document)
    # Entered and left in one and the same thread each: the connection is not shared meanwhile.
    await asyncio.to_thread(lock.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(lock.__exit__, None, None, None)


def execute(database_url: str, *statements: tuple[str, tuple[Any, ...]]) -> None:
    """Change the database behind the product's back, in one transaction; parameters are %s."""
    if database_url.startswith(SQLITE):
        path = database_url.removeprefix(SQLITE)
        with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
            for statement, parameters in statements:
                connection.execute(statement.replace("%s", "?"), parameters)
        return
    with psycopg.connect(database_url) as connection:
        for statement, parameters in statements:
            connection.execute(statement, parameters)  # type: ignore[call-overload]


def key_of(house: House, document: str) -> Any:
    """The document's id as its database stores it."""
    key = uuid.UUID(document)
    return key.hex if house.database_url.startswith(SQLITE) else key


def manage(house: House, *arguments: str) -> str:
    """A management command on the house's database; what it says."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=house.servers[0].environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout
