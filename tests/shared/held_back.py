"""A plugin for pytest: what a CPU quota holds back cannot time the machine; it says so, and has not failed.

It is about tests that time the machine (`alone`), and drills that may be INVALID for its sake (`again`):
they are judged where the machine is whole.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kubedrill.judge.machine import THROTTLED_SHARE
from kubedrill.process.kernel import CpuQuota, cpu_quota

CORES = 2.0
"""Who has that many is whole: there every test is judged."""
MARKS = ("alone", "again")


def held_back(quota: CpuQuota, before: tuple[int, int]) -> str:
    """Return in words that a quota has held back what ran since it was counted; "" if it has not."""
    periods, throttled = (after - then for after, then in zip(quota.counted(), before, strict=True))
    share = throttled / periods if periods else 0.0
    if share <= THROTTLED_SHARE or quota.cores >= CORES:
        return ""
    return f"its quota of {quota.cores:g} cores held everything back in {share:.0%} of its periods"


@contextmanager
def _judged(item: pytest.Item) -> Iterator[None]:
    """Skip a test that fails of what times the machine, if it was held back meanwhile."""
    quota = cpu_quota() if any(item.get_closest_marker(mark) for mark in MARKS) else None
    before = quota.counted() if quota else (0, 0)
    try:
        yield
    except Exception as failure:
        words = held_back(quota, before) if quota else ""
        if not words:
            raise
        first = next(iter(f"{type(failure).__name__}: {failure}".splitlines()))
        pytest.skip(f"cannot be judged on this machine: {words}; it said: {first}")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Judge what a test's fixtures measure."""
    with _judged(item):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Judge what a test measures; others see before that it has failed."""
    with _judged(item):
        return (yield)
