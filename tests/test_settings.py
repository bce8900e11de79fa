"""What the settings make of the environment, and what a real PostgreSQL makes of the settings."""

import contextlib
import runpy
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS
from django.db.utils import ConnectionHandler, InternalError, OperationalError

from tests.services import ROOT, Postgres, postgres_server, server_environment, web_command

Load = Callable[..., dict[str, Any]]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """The settings as a production process with this environment has them."""

    def load_settings(**environment: str) -> dict[str, Any]:
        for name in (
            "DEBUG",
            "HTTPS",
            "ALLOWED_HOSTS",
            "REDIS_URL",
            "WEB_CONCURRENCY",
            "EMAIL_URL",
            "DEFAULT_FROM_EMAIL",
        ):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("DATABASE_URL", "postgresql://db.example.org/collab")
        monkeypatch.setenv("SECRET_KEY", "some key")
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "collab" / "settings.py"))

    return load_settings


# ---- Redis -----------------------------------------------------------------------------------


def test_more_than_one_process_without_redis_is_refused(load: Load):
    with pytest.raises(ImproperlyConfigured, match="More than one process needs REDIS_URL"):
        load(WEB_CONCURRENCY="2")


def test_the_web_command_ends_when_its_processes_would_not_hear_each_other(tmp_path: Path):
    environment = server_environment(
        database_url=f"sqlite:///{tmp_path / 'db.sqlite3'}",
        extra={"WEB_CONCURRENCY": "2", "PORT": "0"},
    )
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec {web_command()}"],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
        timeout=60,
        text=True,
    )
    # It ended, whatever its status: with several workers uvicorn says 0.
    assert "More than one process needs REDIS_URL" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("value", ["0", "-1", "four", "1.5"])
def test_a_number_of_processes_is_a_positive_one(load: Load, value: str):
    with pytest.raises(ImproperlyConfigured, match="write a number, 1 or more"):
        load(WEB_CONCURRENCY=value)


@pytest.mark.parametrize(
    ("url", "shards"),
    [("redis://one", 1), ("redis://one,rediss://two", 2), ("redis+sentinel://a,b/documents", 1)],
)
async def test_the_layer_is_made_of_the_url(load: Load, url: str, shards: int):
    layer = load(REDIS_URL=url, WEB_CONCURRENCY="4")["CHANNEL_LAYERS"]["default"]
    assert layer["BACKEND"] == "channels_redis.pubsub.RedisPubSubChannelLayer"
    made = RedisPubSubChannelLayer(**layer["CONFIG"])
    assert len(made._get_layer()._shards) == shards


def test_deployments_with_different_keys_do_not_hear_each_other(load: Load):
    def prefix(**environment: str) -> str:
        loaded = load(REDIS_URL="redis://one", **environment)
        return str(loaded["CHANNEL_LAYERS"]["default"]["CONFIG"]["prefix"])

    assert prefix(SECRET_KEY="a") == prefix(SECRET_KEY="a") != prefix(SECRET_KEY="b")
    assert "some key" not in prefix()


# ---- PostgreSQL ------------------------------------------------------------------------------


def test_what_the_database_url_says_of_tls_reaches_postgresql(load: Load):
    url = "postgresql://u:p@db:5433/name?sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=2"
    database = load(DATABASE_URL=url)["DATABASES"]["default"]
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db", 5433, "name")
    options = database["OPTIONS"]
    assert options["sslmode"] == "verify-full"
    assert options["sslrootcert"] == "/ca.pem"
    assert options["connect_timeout"] == 2


def test_several_hosts_are_named_behind_the_question_mark(load: Load):
    url = "postgresql:///name?host=one,two&port=5432,5433&target_session_attrs=read-write"
    handler = ConnectionHandler(load(DATABASE_URL=url)["DATABASES"])
    parameters = handler[DEFAULT_DB_ALIAS].get_connection_params()
    assert (parameters["host"], parameters["port"]) == ("one,two", "5432,5433")
    assert parameters["target_session_attrs"] == "read-write"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://me:secret@db/name", "write postgresql://"),
        ("postgrsql://me:secret@db/name", "cannot be read"),
        ("postgresql://me:secret@db:port/name", "cannot be read"),
        ("secret", "cannot be read"),
    ],
)
def test_a_wrong_database_url_is_refused_without_its_password(load: Load, url: str, reason: str):
    with pytest.raises(ImproperlyConfigured, match=reason) as raised:
        load(DATABASE_URL=url)
    assert "secret" not in str(raised.value)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with postgres_server() as running:
        yield running


@contextlib.contextmanager
def connection_as_configured(load: Load, url: str) -> Iterator[Any]:
    connection = ConnectionHandler(load(DATABASE_URL=url)["DATABASES"])[DEFAULT_DB_ALIAS]
    try:
        yield connection
    finally:
        connection.close()
        connection.close_pool()
        # The pools are kept by alias, for all handlers.
        connection._connection_pools.pop(DEFAULT_DB_ALIAS, None)


def ask(connection: Any, statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


@pytest.fixture
def unblocked(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@pytest.mark.usefixtures("unblocked")
def test_a_commit_is_on_disk_even_where_the_server_says_otherwise(load: Load, postgres: Postgres):
    with psycopg.connect(postgres.url(), autocommit=True) as administrator:
        administrator.execute("CREATE DATABASE careless")
        administrator.execute("ALTER DATABASE careless SET synchronous_commit = off")
    with connection_as_configured(load, postgres.url("careless")) as connection:
        assert ask(connection, "SHOW synchronous_commit") == "on"
        assert ask(connection, "SHOW statement_timeout") == "0"
    # Whoever knows better says so: all standbys have applied it, not only stored it.
    url = f"{postgres.url('careless')}?options=-c%20synchronous_commit%3Dremote_apply"
    with connection_as_configured(load, url) as connection:
        assert ask(connection, "SHOW synchronous_commit") == "remote_apply"
        assert ask(connection, "SHOW idle_in_transaction_session_timeout") == "1min"


@pytest.mark.usefixtures("unblocked")
def test_a_process_that_stalls_in_a_transaction_gives_its_rows_back(load: Load, postgres: Postgres):
    with psycopg.connect(postgres.url(), autocommit=True) as other:
        other.execute("CREATE TABLE rows AS SELECT 1 AS id")
        sooner = "?options=-c%20idle_in_transaction_session_timeout%3D300"
        with connection_as_configured(load, postgres.url() + sooner) as stalled:
            stalled.set_autocommit(False)
            assert ask(stalled, "SELECT id FROM rows FOR UPDATE") == 1
            # Waits until the server has ended the other's transaction.
            other.execute("SET lock_timeout = '20s'")
            other.execute("UPDATE rows SET id = 2")
            with pytest.raises((OperationalError, InternalError)):
                ask(stalled, "SELECT 1")
            assert stalled.connection.closed


@pytest.mark.usefixtures("unblocked")
def test_a_request_after_a_restart_of_postgresql_gets_a_connection_that_lives(
    load: Load, postgres: Postgres
):
    with connection_as_configured(load, postgres.url()) as connection:
        before = {ask(connection, "SELECT pg_backend_pid()")}
        # The end of a request: back into the pool, which may have another one ready.
        connection.close()
        before.add(ask(connection, "SELECT pg_backend_pid()"))
        connection.close()
        postgres.restart()
        assert ask(connection, "SELECT pg_backend_pid()") not in before


# ---- Mail ------------------------------------------------------------------------------------


def test_mail_is_printed_in_development_and_sent_otherwise(load: Load):
    assert load(DEBUG="1")["EMAIL_BACKEND"].endswith("console.EmailBackend")
    settings = load()
    assert settings["EMAIL_BACKEND"].endswith("smtp.EmailBackend")
    assert (settings["EMAIL_HOST"], settings["EMAIL_PORT"]) == ("localhost", 25)


@pytest.mark.parametrize(
    ("scheme", "port", "tls", "ssl"),
    [("smtp+tls", 587, True, False), ("smtps", 465, False, True), ("smtp", 25, False, False)],
)
def test_mail_server_is_read_from_its_url(load: Load, scheme: str, port: int, tls: bool, ssl: bool):
    settings = load(EMAIL_URL=f"{scheme}://me%40example.org:p%C3%A4ss@mail.example.org")
    assert settings["EMAIL_HOST"] == "mail.example.org"
    assert settings["EMAIL_PORT"] == port
    assert settings["EMAIL_HOST_USER"] == "me@example.org"
    assert settings["EMAIL_HOST_PASSWORD"] == "päss"
    assert (settings["EMAIL_USE_TLS"], settings["EMAIL_USE_SSL"]) == (tls, ssl)


@pytest.mark.parametrize(
    "url", ["imap://host", "smtp://", "host:25", "smtp://u:secret@host:port", "smtp://host:0"]
)
def test_a_mail_url_that_cannot_be_read_is_refused_without_its_password(load: Load, url: str):
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL: write") as refused:
        load(EMAIL_URL=url)
    assert "secret" not in str(refused.value)
