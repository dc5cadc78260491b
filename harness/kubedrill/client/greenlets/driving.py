"""Client: how the event loop drives a connection that many greenlets share: without a greenlet of its own."""

from collections.abc import Callable, Iterable

from gevent import get_hub, getcurrent

from kubedrill.client.greenlets.waiting import GreenletWaiting
from kubedrill.clock import now
from kubedrill.wire.http2.driving import Called, Driven, Waiter


class GreenletDriving(GreenletWaiting):
    """Drives one connection; see wire.http2.driving.Driving."""

    __slots__ = ("_connection", "_hub")

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self._hub = get_hub()
        self._connection: Driven | None = None

    def drive(self, connection: Driven) -> None:
        """Call `connection.receive` from now on whenever the socket can be read."""
        self._disarm()
        self._connection = connection
        self._reader.stop()
        self._reader.start(connection.receive)

    def flush_soon(self) -> None:
        """Call `connection.flush` once, when those who are about to send have done so."""
        assert self._connection is not None
        self._loop.run_callback(self._connection.flush)

    def flush_when_writable(self) -> None:
        """Call `connection.flush` once, when the socket can be written to."""
        self._writer.start(self._writable)

    def wait(self, waiter: Waiter, deadline: int) -> bool:
        """Let the caller wait until it is woken; False when `deadline` (monotonic ns) has passed."""
        self._await(waiter, deadline, getcurrent())
        try:
            return self._switch()
        finally:
            waiter.greenlet = None

    def call(self, waiter: Waiter, deadline: int, what: Callable[[], object]) -> None:
        """Call something, from the event loop, once the waiter is woken or `deadline` has passed."""
        self._await(waiter, deadline, Called(what))

    def wake(self, waiters: Iterable[Waiter]) -> None:
        """Let those go on who wait for these: from the event loop at once, else soon."""
        if getcurrent() is self._hub:
            for waiter in waiters:
                _switch(waiter, True)
        else:
            for waiter in waiters:
                self._loop.run_callback(_switch, waiter, True)

    def _await(self, waiter: Waiter, deadline: int, who: object) -> None:
        # As in GreenletWaiting: a timer that goes off early enough is left alone.
        if not self._armed or deadline < self._armed:
            self._arm(deadline)
        waiter.deadline = deadline
        waiter.greenlet = who

    def _writable(self) -> None:
        assert self._connection is not None
        self._writer.stop()
        self._connection.flush()

    def _expired(self) -> None:
        if self._connection is None:
            super()._expired()
            return
        self._disarm()
        at = now()
        waiting = [waiter for waiter in self._connection.waiters() if waiter.greenlet is not None]
        later = [waiter.deadline for waiter in waiting if waiter.deadline > at]
        if later:
            self._arm(min(later))
        for waiter in waiting:
            if waiter.deadline <= at:
                _switch(waiter, False)


def _switch(waiter: Waiter, in_time: bool) -> None:
    greenlet = waiter.greenlet
    if greenlet is not None:
        waiter.greenlet = None
        greenlet.switch(in_time)
