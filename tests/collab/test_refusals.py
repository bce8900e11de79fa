"""How often a client that does not understand a no hears it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab import refusals
from collab.refusals import WINDOW_SECONDS, Refusals

ALICE, BOB = ("10.0.0.1", "/ws/yjs/é"), ("10.0.0.2", "/ws/yjs/é")


def told_at(told: Refusals, moments: list[float], client: object = ALICE) -> list[float]:
    """When refusals that come up at these moments are said."""
    return [now + told.delay_seconds(client, now=now) for now in moments]


def test_first_two_refusals_are_said_at_once():
    assert told_at(Refusals(), [5.0, 5.1]) == [5.0, 5.1]


def test_third_refusal_waits_until_a_window_after_the_first():
    assert told_at(Refusals(), [5.0, 5.1, 5.2]) == [5.0, 5.1, pytest.approx(15.0)]


def test_client_that_comes_again_at_once_for_ever_connects_three_times_in_a_window():
    told, now, connects = Refusals(), 100.0, []
    for _ in range(50):
        connects.append(now)
        now += told.delay_seconds(ALICE, now=now) + 0.01
    for first, fourth in zip(connects, connects[3:], strict=False):
        assert fourth - first >= WINDOW_SECONDS
    # Nor is it slower than that.
    assert connects[-1] - connects[0] < 25 * (WINDOW_SECONDS + 0.02)


def test_client_that_comes_seldom_never_waits():
    moments = [WINDOW_SECONDS / 2 * index for index in range(100)]
    assert told_at(Refusals(), moments) == moments


def test_client_that_was_away_for_a_window_begins_anew():
    told = Refusals()
    *_, last = told_at(told, [0.0, 0.0, 0.0])
    back = last + WINDOW_SECONDS
    assert told_at(told, [back, back]) == [back, back]


def test_clients_do_not_wait_for_each_other():
    told = Refusals()
    told_at(told, [0.0] * 10)
    assert told_at(told, [0.0, 0.0], BOB) == [0.0, 0.0]


@pytest.mark.parametrize("now", [0.0, 0.5, 1e9])
def test_clock_may_stand_anywhere(now):
    assert told_at(Refusals(), [now, now, now]) == [now, now, now + WINDOW_SECONDS]


@given(st.lists(st.floats(0, 20), max_size=30))
def test_no_window_has_more_than_two_refusals_of_one_who_waits_for_each(pauses):
    told, now, said = Refusals(), 1000.0, []
    for pause in pauses:
        now += pause
        now += told.delay_seconds(ALICE, now=now)
        said.append(now)
    for first, third in zip(said, said[2:], strict=False):
        assert third - first >= WINDOW_SECONDS - 1e-6


def test_nobody_waits_longer_than_stock_clients_do():
    """They drop a socket that is silent for 30 s: what is said later than that nobody hears.

    Twenty people behind one address, who come again every 30 s, would never be told.
    """
    told = Refusals()
    for round_ in range(5):
        for now in [30.0 * round_ + number / 10 for number in range(20)]:
            assert told.delay_seconds(ALICE, now=now) < 30


def test_only_so_many_clients_are_kept_in_mind_and_the_latest_of_them(monkeypatch):
    monkeypatch.setattr(refusals, "_MAX_CLIENTS", 3)
    told = Refusals()
    for client in "abc":
        told_at(told, [0.0, 0.0], client)
    # `a` was refused again, `b` the longest ago.
    told.delay_seconds("a", now=0.0)
    told.delay_seconds("d", now=0.0)
    assert told.delay_seconds("b", now=0.0) == 0.0
    assert told.delay_seconds("a", now=0.0) > 0.0


def test_memory_stays_bounded_under_ever_new_clients():
    told = Refusals()
    for number in range(refusals._MAX_CLIENTS + 5000):
        told.delay_seconds(number, now=float(number))
    assert len(told._last) <= refusals._MAX_CLIENTS
