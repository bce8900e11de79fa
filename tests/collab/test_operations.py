"""What load balancers and Prometheus ask for."""

import pytest
import redis
from django.db import OperationalError, connection
from django.test import Client

from collab import operations


def test_healthz_answers_without_a_database(client: Client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
def test_probe_by_address_and_without_tls_is_answered(client: Client, settings, path):
    settings.ALLOWED_HOSTS = ["docs.example"]
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(path, headers={"host": "10.0.0.7:8000"}).status_code == 200
    assert client.get("/", headers={"host": "10.0.0.7:8000"}).status_code == 400


@pytest.mark.django_db
def test_readyz_is_ok_when_everything_answers(client: Client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_readyz_says_that_the_database_does_not_answer(
    client: Client, monkeypatch: pytest.MonkeyPatch
):
    def fail() -> None:
        raise OperationalError("no é😀")

    monkeypatch.setattr(connection, "cursor", fail)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["failing"]) == (503, ["database"])


@pytest.mark.django_db
def test_readyz_says_that_redis_does_not_answer(client: Client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["failing"]) == (503, ["redis"])


@pytest.mark.django_db
def test_readyz_asks_every_redis(client: Client, settings, monkeypatch: pytest.MonkeyPatch):
    asked = []

    class Answering:
        @classmethod
        def from_url(cls, url: str, **_arguments: object) -> "Answering":
            asked.append(url)
            return cls()

        def __enter__(self) -> "Answering":
            return self

        def __exit__(self, *_error: object) -> None:
            pass

        def ping(self) -> None:
            if len(asked) == 2:
                raise redis.ConnectionError("gone")

    monkeypatch.setattr(operations.redis, "Redis", Answering)
    settings.REDIS_URL = "redis://one,redis://two"
    assert client.get("/readyz").status_code == 503
    assert asked == ["redis://one", "redis://two"]


def test_metrics_hold_ours_under_their_names(client: Client):
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    families = {line.split()[2] for line in answer.text.splitlines() if line.startswith("# TYPE")}
    assert families >= {
        "collab_rooms",
        "collab_sessions",
        "collab_updates_total",
        "collab_ack_seconds",
        "collab_journal_batches_total",
        "collab_journal_rows_total",
        "collab_journal_seconds",
        "collab_healed_rows_total",
    }


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_only_reading_is_allowed(client: Client, path: str):
    assert client.post(path).status_code == 405
