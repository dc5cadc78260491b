"""Between which values a quantile lies: as often as is said, for values whose quantile is known."""

import math
import sys

import numpy as np
import pytest

from kubedrill.judge.intervals import FEWEST, quantile_interval

P90_OF_EXPONENTIAL = math.log(10)


def test_it_holds_the_true_quantile_as_often_as_it_says() -> None:
    drawn = np.random.default_rng(1)
    held = 0
    for _ in range(100):
        found = quantile_interval([[*drawn.exponential(size=100)]], 0.9)
        assert found is not None
        low, high = found
        held += low <= P90_OF_EXPONENTIAL <= high
    assert 88 <= held <= 100  # 95 of 100, and four standard deviations less


def test_values_of_a_burst_are_drawn_together() -> None:
    """Where all nodes of a burst are alike, 60 bursts of 50 say no more than 60 nodes do."""
    drawn = np.random.default_rng(2)
    times = drawn.exponential(size=60)
    bursts = quantile_interval([[time] * 50 for time in times], 0.9)
    alone = quantile_interval([[time for time in times for _ in range(50)]], 0.9)
    assert bursts is not None
    assert alone is not None
    assert bursts[1] - bursts[0] > 2 * (alone[1] - alone[0])


def test_what_never_came_has_no_upper_end() -> None:
    found = quantile_interval([[1.0, 2.0, 3.0, 4.0, math.inf]], 0.9)
    assert found is not None
    assert found[1] == math.inf


@pytest.mark.parametrize("groups", [[], [[1.0] * (FEWEST - 1)], [[1.0] * 100] * (FEWEST - 1)])
def test_few_tell_nothing(groups: list[list[float]]) -> None:
    assert quantile_interval(groups, 0.9) is None


def test_without_scipy_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    assert quantile_interval([[1.0] * 100], 0.9) is None
