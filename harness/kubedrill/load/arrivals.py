"""Load: when requests are due. Open-loop: no answer is waited for."""

from collections.abc import Callable, Iterator

from kubedrill.record.clock import SECOND


def paced(start: int, end: int, rate: float) -> Iterator[int]:
    """Yield `rate` times a second, evenly, from `start` until before `end` (monotonic ns)."""
    number = 0
    while (due := start + round(number * SECOND / rate)) < end:
        yield due
        number += 1


def steered(start: int, rate: Callable[[], float]) -> Iterator[int]:
    """Yield times, monotonic ns, without end; `rate()` is asked anew for each step."""
    due = float(start)
    while True:
        yield int(due)
        due += SECOND / rate()
