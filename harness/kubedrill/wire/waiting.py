"""Wire: waiting until a socket is ready. The one place where a request gives up the processor."""

import select
from typing import Protocol

from kubedrill.clock import MILLISECOND, now


class Waiting(Protocol):
    """Waits for one socket; False when `deadline` (monotonic ns) has passed."""

    def readable(self, deadline: int) -> bool:
        """Wait until the socket can be read, or is closed."""
        ...

    def writable(self, deadline: int) -> bool:
        """Wait until the socket can be written to, or a connect has ended."""
        ...

    @property
    def quiet(self) -> bool:
        """Whether it is known, without a look, that nothing has come since the last wait."""
        ...

    def close(self) -> None:
        """Release what was held for the socket, which is about to be closed."""
        ...


class Polling:
    """Waits with poll(2): blocking, or cooperative where gevent has replaced `select.poll`."""

    __slots__ = ("_descriptor",)
    quiet = False
    """Nothing is known without a look."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def readable(self, deadline: int) -> bool:
        """Wait until the socket can be read, or is closed."""
        return self._wait(select.POLLIN, deadline)

    def writable(self, deadline: int) -> bool:
        """Wait until the socket can be written to, or a connect has ended."""
        return self._wait(select.POLLOUT, deadline)

    def close(self) -> None:
        """Nothing is held."""

    def _wait(self, event: int, deadline: int) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, event)
        while (left := deadline - now()) > 0:
            if poll.poll(-(-left // MILLISECOND)):
                return True
        return False
