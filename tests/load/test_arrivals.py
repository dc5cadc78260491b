from itertools import islice, pairwise

import pytest

from kubedrill.load.arrivals import paced, steered
from kubedrill.record.clock import SECOND


@pytest.mark.parametrize("rate", [0.5, 3, 10, 17, 1000])
def test_paced_does_not_drift(rate):
    start = 123
    dues = list(paced(start, start + 60 * SECOND, rate))
    assert len(dues) == round(60 * rate)
    assert dues[0] == start
    for number, due in enumerate(dues):
        assert abs(due - start - number * SECOND / rate) < 1


def test_the_end_is_not_in_it():
    assert list(paced(0, 2 * SECOND, 1)) == [0, SECOND]
    assert list(paced(5, 5, 1)) == []


def test_steered_follows_the_rate():
    rates = iter([10, 10, 5, 5, 1])
    dues = list(islice(steered(0, lambda: next(rates)), 6))
    assert [b - a for a, b in pairwise(dues)] == [
        SECOND // 10,
        SECOND // 10,
        SECOND // 5,
        SECOND // 5,
        SECOND,
    ]
