"""Client: how a greenlet waits for its socket at the least cost.

gevent's own waits start and stop a watcher, and so make a system call, for every request. Here the
watcher of a connection stays on between requests, and wakes the greenlet from the hub directly.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from gevent import get_hub, getcurrent
from greenlet import greenlet  # type: ignore[import-untyped]

from kubedrill.clock import SECOND, now
from kubedrill.process.limits import leaves_spare
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError

_READ, _WRITE = 1, 2


class GreenletWaiting:
    """Waits for one socket, one greenlet at a time; see wire.waiting.Waiting."""

    __slots__ = (
        "_armed",
        "_deadline",
        "_greenlet",
        "_loop",
        "_reader",
        "_switch",
        "_timer",
        "_writer",
        "quiet",
    )

    def __init__(self, descriptor: int) -> None:
        if not leaves_spare(descriptor):
            raise WireError(
                Outcome.NO_DESCRIPTOR, "the last descriptors are for the process's files"
            )
        hub = get_hub()
        # gevent's own looks for what hardly any greenlet has, and calls this.
        self._switch: Callable[[], bool] = partial(greenlet.switch, hub)
        self._loop = hub.loop
        self._reader = hub.loop.io(descriptor, _READ)
        self._writer = hub.loop.io(descriptor, _WRITE)
        self._timer: Any = None
        self._armed = 0  # when the timer goes off, monotonic ns; 0: it is off
        self._deadline = 0
        self._greenlet: Any = None
        self.quiet = False
        """Whether it is known, without a look, that nothing has come since the last wait."""

    def readable(self, deadline: int) -> bool:
        """Wait until the socket can be read, or is closed."""
        if not self.quiet:
            self.quiet = True
            self._reader.start(self._ready)
        return self._wait(deadline)

    def writable(self, deadline: int) -> bool:
        """Wait until the socket can be written to, or a connect has ended."""
        self._writer.start(self._ready)
        try:
            return self._wait(deadline)
        finally:
            self._writer.stop()

    def close(self) -> None:
        """Release what was held for the socket, which is about to be closed."""
        self._disarm()
        for watcher in (self._reader, self._writer):
            watcher.stop()
            watcher.close()

    def _wait(self, deadline: int) -> bool:
        # The timer is left alone while it goes off early enough: a request costs no timer then.
        # It says when the deadline has passed, so that nobody here has to ask the clock.
        if not self._armed or deadline < self._armed:
            if deadline <= now():
                return False
            self._arm(deadline)
        self._deadline = deadline
        self._greenlet = getcurrent()
        try:
            return self._switch()
        except BaseException:
            self._greenlet = None
            raise

    def _ready(self) -> None:
        greenlet = self._greenlet
        if greenlet is not None:
            self._greenlet = None
            greenlet.switch(True)
        else:
            # Nobody waits; what came is found before the connection is used again.
            self.quiet = False
            self._reader.stop()

    def _arm(self, deadline: int) -> None:
        self._disarm()
        self._armed = deadline
        self._timer = self._loop.timer(max(deadline - now(), 0) / SECOND)
        self._timer.start(self._expired)

    def _disarm(self) -> None:
        if self._armed:
            self._armed = 0
            self._timer.stop()
            self._timer.close()

    def _expired(self) -> None:
        self._disarm()
        greenlet = self._greenlet
        if greenlet is None:
            return
        if self._deadline <= now():
            self._greenlet = None
            greenlet.switch(False)
        else:
            self._arm(self._deadline)
