"""Fleet: what is simulated: how long pods take to start, and how long nodes bear what pods use."""

import random
from collections.abc import Iterator

from kubedrill.clock import SECOND
from kubedrill.record.autoscaler import Autoscaler
from kubedrill.record.fleet import NODE_CPUS, Overload, PodTimes

SPREAD = 0.3
"""The standard deviation of the logarithm of how long a node bears it."""


def start_times(node: str, times: PodTimes) -> Iterator[float]:
    """Yield how long its pods take to start, one after the other, in seconds: the same in every run."""
    drawn = random.Random(node)  # noqa: S311 - times, not secrets
    while True:
        yield drawn.lognormvariate(0.0, times.spread) * times.start_s


def boot_time(node: str, autoscaler: Autoscaler) -> float:
    """Return the seconds from a node's order until its machine runs: the same in every run."""
    drawn = random.Random(f"{node} boots")  # noqa: S311 - times, not secrets
    return drawn.lognormvariate(0.0, autoscaler.spread) * autoscaler.boot_s


class Endurance:
    """What a node has borne: one whose pods use more than there is hangs after a while, and is restarted."""

    def __init__(self, node: str, overload: Overload) -> None:
        self._overload = overload
        self._drawn = random.Random(f"{node} overloaded")  # noqa: S311 - times, not secrets
        self._gives_up_at: int | None = None
        """Unless it has less to do by then."""
        self._hangs_until = 0
        self.is_hanging = False

    def hangs(self, requested: float, at: int) -> bool:
        """Take how many CPUs the pods that run on it have requested; whether it hangs now."""
        self.is_hanging = self._hangs(requested, at)
        return self.is_hanging

    def _hangs(self, requested: float, at: int) -> bool:
        if at < self._hangs_until:
            return True
        if requested * self._overload.uses <= NODE_CPUS:
            self._gives_up_at = None
            return False
        if self._gives_up_at is None:
            bears_s = self._overload.after_s * self._drawn.lognormvariate(0.0, SPREAD)
            self._gives_up_at = at + round(bears_s * SECOND)
        if at < self._gives_up_at:
            return False
        self._gives_up_at = None
        self._hangs_until = at + round(self._overload.restarts_s * SECOND)
        return True

    def relieve(self) -> None:
        """Take that it begins anew."""
        self._gives_up_at, self._hangs_until, self.is_hanging = None, 0, False
