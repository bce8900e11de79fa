"""Servers for the end-to-end tests: real processes, spawned once where tests can share them."""

import itertools
import logging
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients.driver import Harness
from tests.clients.guests import Guests
from tests.e2e.people import Cast
from tests.services import (
    Postgres,
    Redis,
    Server,
    migrate,
    postgres_server,
    redis_server,
    serve,
    sqlite_url,
    stop_on_sigterm,
)

BROWSERS = {"test_browser", "test_browser_talk", "test_stock_editors"}
# A line for every request is noise beside a failure.
logging.getLogger("httpx").setLevel(logging.WARNING)


def pytest_sessionstart() -> None:
    stop_on_sigterm()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Playwright keeps an event loop running in this thread: nothing async may follow it."""
    items.sort(key=lambda item: item.path.stem in BROWSERS)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with postgres_server() as running:
        migrate(running.create_database("migrated"))
        yield running


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    with redis_server() as running:
        yield running


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.sqlite3"
    migrate(sqlite_url(path))
    return path


@pytest.fixture(scope="session")
def new_sqlite(migrated_sqlite: Path) -> Callable[[], str]:
    """Makes migrated SQLite databases; gives their URLs."""
    numbers = itertools.count()

    def create() -> str:
        path = migrated_sqlite.with_name(f"{next(numbers)}.sqlite3")
        shutil.copyfile(migrated_sqlite, path)
        return sqlite_url(path)

    return create


@pytest.fixture(scope="session")
def new_postgres(postgres: Postgres) -> Callable[[], str]:
    """Makes migrated PostgreSQL databases; gives their URLs."""
    numbers = itertools.count()
    return lambda: postgres.create_database(f"test{next(numbers)}", template="migrated")


@pytest.fixture(scope="session")
def server(new_sqlite: Callable[[], str]) -> Iterator[Server]:
    """One process on SQLite, shared by all tests that do it no harm."""
    # Mail is printed.
    with serve(database_url=new_sqlite(), env={"EMAIL_URL": "console:"}) as running:
        yield running
        running.terminate()
        # Whatever was thrown at it, it knew what it was.
        assert "Traceback" not in running.log(), running.log()


@pytest.fixture(scope="session")
def cast(server: Server) -> Iterator[Cast]:
    people = Cast.on(server)
    yield people
    people.close()


@pytest.fixture(scope="session")
def cluster(new_postgres: Callable[[], str], redis: Redis) -> Iterator[Server]:
    """Two processes behind one port, on PostgreSQL and Redis."""
    with serve(database_url=new_postgres(), redis_url=redis.url, workers=2) as running:
        yield running


@pytest.fixture(scope="session")
def cluster_cast(cluster: Server) -> Iterator[Cast]:
    people = Cast.on(cluster)
    yield people
    people.close()


@pytest.fixture(scope="session")
def twins(new_postgres: Callable[[], str], redis: Redis) -> Iterator[tuple[Server, Server]]:
    """Two servers of one process each, on one database and Redis: one knows who is on which."""
    services = {"database_url": new_postgres(), "redis_url": redis.url}
    with serve(**services) as here, serve(**services) as there:
        yield here, there


@pytest.fixture(scope="session")
def twin_cast(twins: tuple[Server, Server]) -> Iterator[Cast]:
    """Of the first of them."""
    people = Cast.on(twins[0])
    yield people
    people.close()


@pytest.fixture(params=["sqlite", "postgres"])
def mortal(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server for one test, which may kill it, on each database."""
    with ExitStack() as stack:
        database_url = request.getfixturevalue(f"new_{request.param}")()
        redis_url, workers = "", 1
        if request.param == "postgres":
            redis_url, workers = request.getfixturevalue("redis").url, 2
        yield stack.enter_context(
            serve(database_url=database_url, redis_url=redis_url, workers=workers)
        )


@pytest.fixture
def mortal_cast(mortal: Server) -> Iterator[Cast]:
    people = Cast.on(mortal)
    yield people
    people.close()


@pytest.fixture(scope="session")
def stock() -> Iterator[Harness]:
    """The Node process that the published providers run in."""
    with Harness() as harness:
        yield harness


@pytest.fixture
async def guests(stock: Harness) -> AsyncIterator[Guests]:
    """Those who join with a stock provider; they leave at the end of the test."""
    company = Guests(stock)
    yield company
    await company.leave()
