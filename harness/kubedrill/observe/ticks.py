"""Observe: when the scraper asks."""

import threading
from collections.abc import Iterable, Iterator

from kubedrill.clock import SECOND, now
from kubedrill.record.schedule import Schedule


def ticks(schedule: Schedule, interval_s: float, offset: int = 0) -> Iterator[int]:
    """Yield the times, in monotonic ns, `offset` after each phase's start, every interval, and the end.

    Each phase begins and ends with a tick, so that what was counted in it is a difference of two.
    """
    step = int(interval_s * SECOND)
    for phase in schedule.phases:
        yield from range(phase.start + offset, phase.end + offset, step)
    yield schedule.end + offset


def in_time(times: Iterable[int], ended: threading.Event) -> Iterator[int]:
    """Yield each of `times` as it comes, until `ended` is set; leave out those that have long passed."""
    for due in times:
        if not wait_until(due, ended):
            return
        if not missed(due):
            yield due


def missed(due: int) -> bool:
    """Whether it is too late for what was due then: it would tell of another time."""
    return now() - due > SECOND


def wait_until(due: int, ended: threading.Event) -> bool:
    """Wait until `due`; False as soon as `ended` is set."""
    return not ended.wait(max(due - now(), 0) / SECOND)
