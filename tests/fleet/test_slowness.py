"""What is slow takes longer, until it is not any more."""

import time

import gevent
import pytest

from kubedrill.fleet.slowness import Paced
from kubedrill.record.fleet_lines import Slowness


def seconds(paced: Paced, work: float) -> tuple[float, float]:
    """Return how long it is held back, and how long so much work takes."""
    began = time.monotonic()
    paced.hold_back()
    held = time.monotonic()
    paced.work(work)
    return held - began, time.monotonic() - held


def test_who_is_slow_is_late_and_takes_longer() -> None:
    paced = Paced()
    paced.be_slow(Slowness(0.2, 3.0))
    held, worked = seconds(paced, 0.1)
    assert held >= 0.199
    assert worked >= 0.299
    paced.be_slow(None)
    began = time.monotonic()
    paced.hold_back()
    assert time.monotonic() - began < 0.2


@pytest.mark.parametrize("then", [None, Slowness(0.0, 1.0)])
def test_who_is_slow_no_more_goes_on_at_once(then: Slowness | None) -> None:
    paced = Paced()
    paced.be_slow(Slowness(3600.0, 3600.0))
    waiting = [gevent.spawn(paced.hold_back), gevent.spawn(paced.work, 0.01)]
    gevent.sleep(0.1)  # by when they wait, or have not begun
    assert not any(each.ready() for each in waiting)
    paced.be_slow(Slowness(3600.0, 3600.0))
    gevent.sleep(0.05)
    assert not any(each.ready() for each in waiting)
    paced.be_slow(then)
    gevent.joinall(waiting, timeout=30)
    assert all(each.ready() for each in waiting)
