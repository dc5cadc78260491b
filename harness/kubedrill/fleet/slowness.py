"""Fleet: nodes that work, but whose kubelets take long for everything."""

import gevent
from gevent.event import Event

from kubedrill.record.fleet_lines import Slowness


class Slow:
    """By how much one is slow, until that is over: who waits for it goes on at once then."""

    __slots__ = ("how", "over")

    def __init__(self, how: Slowness) -> None:
        self.how = how
        self.over = Event()


class Paced:
    """What may be slow."""

    _slow: Slow | None = None

    def be_slow(self, how: Slowness | None) -> None:
        """Be so slow from now on, or as quick as ever."""
        if how != (self._slow and self._slow.how):
            if self._slow:
                self._slow.over.set()
            self._slow = Slow(how) if how else None

    def hold_back(self) -> None:
        """Return when it may write what it is to write: at once, unless it is slow."""
        if self._slow:
            self._slow.over.wait(self._slow.how.delay_s)

    def work(self, seconds: float) -> None:
        """Return when it has done what takes so long, longer if it is slow."""
        gevent.sleep(seconds)
        if self._slow:
            self._slow.over.wait(seconds * (self._slow.how.slowdown - 1))
