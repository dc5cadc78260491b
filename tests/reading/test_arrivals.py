"""Arrivals lie where the rate says: counted, compared with the integral, and never twice or left out."""

from itertools import pairwise

import numpy as np
import pytest

from kubedrill.clock import SECOND
from kubedrill.reading.arrivals import Arrivals

RAMP = ((0.0, 10.0), (60.0, 110.0))
LADDER = ((0.0, 10.0), (10.0, 10.0), (10.0, 30.0), (20.0, 30.0), (20.0, 5.0))
SPIKE = ((0.0, 7.0), (3.0, 7.0), (3.0, 700.0), (4.0, 700.0), (4.0, 7.0))
PAUSE = ((0.0, 10.0), (1.0, 10.0), (1.0, 0.0), (2.0, 0.0), (2.0, 10.0))


def dues(points, length_s, **settings):
    blocks = list(Arrivals(points, **settings).dues(round(length_s * SECOND), "list"))
    return np.concatenate([np.empty(0, np.int64), *blocks])


def expected(points, until):
    """The integral of the rate."""
    times, rates = zip(*points, strict=True)
    rounded = np.array(times)
    seconds = np.unique(np.concatenate([rounded[rounded < until], [until]]))
    total = 0.0
    for begin, end in pairwise(seconds):
        inside = (begin + end) / 2
        slope_free = np.interp(inside, times, rates) if inside < times[-1] else rates[-1]
        total += slope_free * (end - begin)
    return total


@pytest.mark.parametrize("rate", [0.1, 0.5, 3, 10, 17, 1000, 20_000])
def test_a_constant_rate_does_not_drift(rate):
    found = dues(((0.0, rate),), 60)
    assert len(found) == round(60 * rate)
    assert np.abs(found - np.arange(len(found)) * SECOND / rate).max() < 1


@pytest.mark.parametrize("points", [RAMP, LADDER, SPIKE, PAUSE])
@pytest.mark.parametrize("length_s", [0.3, 1.5, 3.5, 10, 20, 33.3, 61])
def test_as_many_as_the_integral_says(points, length_s):
    found = dues(points, length_s)
    assert abs(len(found) - expected(points, length_s)) <= 1
    assert (found < length_s * SECOND).all()
    for number in range(0, len(found), 7):
        assert expected(points, found[number] / SECOND) == pytest.approx(number, abs=1e-5)


def test_nothing_in_a_pause():
    found = dues(PAUSE, 3) / SECOND
    assert len(found) == 20
    assert not ((found >= 1) & (found < 2)).any()
    assert found[10] == 2


def test_a_rate_that_starts_at_nothing():
    found = dues(((0.0, 0.0), (10.0, 20.0)), 10)
    assert len(found) == 100
    assert found[0] == 0


def test_the_end_is_not_in_it():
    assert dues(((0.0, 1.0),), 2).tolist() == [0, SECOND]
    assert dues(((0.0, 1.0),), 0).tolist() == []


def test_bursts_keep_the_rate():
    found = dues(((0.0, 10.0),), 20, burst=50)
    assert found.tolist() == [second * SECOND for second in (0, 5, 10, 15) for _ in range(50)]


def test_poisson_is_poisson():
    found = dues(((0.0, 1000.0),), 100, spacing="poisson")
    gaps = np.diff(found) / SECOND
    # 100,000 arrivals: the deviation of their count is 316, of the mean gap a third of a percent.
    assert abs(len(found) - 100_000) < 1500
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.02)
    assert (gaps > 3 * gaps.mean()).mean() == pytest.approx(np.exp(-3), rel=0.1)


def test_poisson_follows_the_rate():
    found = dues(RAMP, 60, spacing="poisson")
    for second in (10, 30, 50):
        count = (found < second * SECOND).sum()
        assert abs(count - expected(RAMP, second)) < 4 * np.sqrt(count)


def test_the_same_whenever_asked_for():
    arrivals = Arrivals(RAMP, "poisson")

    def made(name):
        return np.concatenate(list(arrivals.dues(60 * SECOND, name)))

    assert (made("list") == made("list")).all()
    assert made("list").tolist() != made("other").tolist()


def test_they_come_in_order_and_in_blocks():
    blocks = list(Arrivals(((0.0, 50_000.0),), "poisson").dues(10 * SECOND, "list"))
    assert len(blocks) > 5
    assert (np.diff(np.concatenate(blocks)) >= 0).all()


@pytest.mark.parametrize(
    ("arrivals", "words"),
    [
        (Arrivals.constant(10), "10/s"),
        (Arrivals(((0.0, 1.0), (90.0, 5.0))), "1/s at first, 5/s at 90s"),
        (Arrivals(((0.0, 10.0),), "poisson", 50), "10/s, poisson, 50 at once"),
        (
            Arrivals(tuple((float(n), 1.0) for n in range(9))),
            "1/s at first, 1/s at 1s, 1/s at 2s, 1/s at 3s, 1/s at 4s, 1/s at 5s, 1/s at 6s, ... (9 points)",
        ),
    ],
)
def test_in_words(arrivals, words):
    assert arrivals.in_words() == words
