"""Threads of one process wait in line for SQLite, and for nobody longer than for a moment."""

import threading
import time

import pytest
from django.db import connection, transaction

from documents import turns
from documents.turns import turn_to_write

PATIENCE_SECONDS = 10

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def on_sqlite() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has many writers")


def test_the_turn_is_a_transaction_and_is_given_back(alice):
    @turn_to_write()
    def fail() -> None:
        alice.delete()
        raise ZeroDivisionError

    user_id = alice.pk
    with pytest.raises(ZeroDivisionError):
        fail()
    assert type(alice).objects.filter(pk=user_id).exists()
    assert not turns._writing.locked()


def test_the_next_one_begins_when_the_one_before_ends(on_sqlite):
    order: list[str] = []
    waits = threading.Event()

    def second() -> None:
        waits.set()
        with turn_to_write():
            order.append("second")
        connection.close()

    thread = threading.Thread(target=second)
    with turn_to_write():
        thread.start()
        assert waits.wait(PATIENCE_SECONDS)
        time.sleep(turns._PATIENCE_SECONDS / 2)
        order.append("first")
    thread.join(PATIENCE_SECONDS)
    assert order == ["first", "second"]


def test_who_holds_it_for_long_is_waited_for_by_the_database_alone(on_sqlite, monkeypatch):
    monkeypatch.setattr(turns, "_PATIENCE_SECONDS", 0.01)
    with turns._writing, turn_to_write():
        assert connection.in_atomic_block
    assert not turns._writing.locked()


def test_within_a_transaction_nobody_is_waited_for(on_sqlite, monkeypatch):
    monkeypatch.setattr(turns, "_PATIENCE_SECONDS", PATIENCE_SECONDS)
    started = time.monotonic()
    with turns._writing, transaction.atomic(), turn_to_write():
        pass
    assert time.monotonic() - started < PATIENCE_SECONDS
