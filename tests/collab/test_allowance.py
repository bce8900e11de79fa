"""How often one may: at once, and in the long run."""

import pytest

from collab.allowance import Allowance


def test_so_often_at_once_and_then_as_it_grows_back():
    allowance = Allowance(at_once=3, per_second=2)
    assert [allowance.take(now=100.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert allowance.take(now=100.25) == pytest.approx(0.25)
    assert allowance.take(now=100.5) == 0
    assert allowance.take(now=100.5) > 0


def test_no_more_is_saved_up_than_one_may_at_once():
    allowance = Allowance(at_once=2, per_second=10)
    assert [allowance.take(now=1e6) for _ in range(3)] == [0, 0, pytest.approx(0.1)]
    assert [allowance.take(now=2e6) for _ in range(3)] == [0, 0, pytest.approx(0.1)]
