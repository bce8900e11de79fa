"""Houses for the scenarios, and the figures that they leave behind."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from tests.e2e.conftest import migrated_sqlite, new_postgres, new_sqlite, postgres, redis
from tests.e2e.people import Cast
from tests.faults.base import Figures, House
from tests.services import Postgres, Redis, serve, stop_on_sigterm

# Fixtures, found here by their names.
__all__ = ["migrated_sqlite", "new_postgres", "new_sqlite", "postgres", "redis"]


def pytest_sessionstart() -> None:
    stop_on_sigterm()


def open_house(
    stack: ExitStack,
    *,
    database_url: str,
    processes: int = 1,
    redis_: Redis | None = None,
    postgres_: Postgres | None = None,
) -> House:
    """Each process a server of its own, on its own port: a test can choose between them."""
    servers = [
        stack.enter_context(
            serve(database_url=database_url, redis_url=redis_.url if redis_ else "")
        )
        for _ in range(processes)
    ]
    cast = stack.enter_context(closing(Cast.on(servers[0])))
    return House(servers, cast, redis_, postgres_)


@pytest.fixture(scope="session")
def sqlite_house(new_sqlite: Callable[[], str]) -> Iterator[House]:
    with ExitStack() as stack:
        yield open_house(stack, database_url=new_sqlite())


@pytest.fixture(scope="session")
def postgres_house(
    new_postgres: Callable[[], str], redis: Redis, postgres: Postgres
) -> Iterator[House]:
    with ExitStack() as stack:
        yield open_house(
            stack,
            database_url=new_postgres(),
            processes=3,
            redis_=redis,
            postgres_=postgres,
        )


@pytest.fixture
def alone(sqlite_house: House) -> Iterator[House]:
    """One process on SQLite."""
    yield sqlite_house
    sqlite_house.repair()


@pytest.fixture
def trio(postgres_house: House) -> Iterator[House]:
    """Three processes on PostgreSQL and Redis."""
    yield postgres_house
    postgres_house.repair()


@pytest.fixture
def pair(trio: House) -> House:
    """Two of them, where a third would not add anything."""
    return House(trio.servers[:2], trio.cast, trio.redis, trio.postgres)


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest) -> House:
    """One process on SQLite, and two on PostgreSQL and Redis."""
    found: House = request.getfixturevalue("alone" if request.param == "sqlite" else "pair")
    return found


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Figures:
    return Figures(record_property)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [
        report
        for outcome in ("passed", "failed", "xfailed")
        for report in terminalreporter.stats.get(outcome, [])
        if report.when == "call" and report.user_properties
    ]
    if reports:
        terminalreporter.section("figures")
    for report in reports:
        said = ", ".join(f"{name} {value}" for name, value in report.user_properties)
        terminalreporter.write_line(f"{report.nodeid.partition('::')[2]}: {said}")
