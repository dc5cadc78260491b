"""Wire: what a connection that many greenlets share needs of their event loop."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from kubedrill.wire.waiting import Waiting


class Waiter:
    """Something that one greenlet at a time waits for."""

    __slots__ = ("deadline", "greenlet")

    def __init__(self) -> None:
        self.greenlet: Any = None
        """Who waits, or is `Called` instead; None: nobody does."""
        self.deadline = 0
        """Until when, monotonic ns."""


class Called:
    """Stands where a greenlet would wait: calls something once, from the event loop."""

    __slots__ = ("switch",)

    def __init__(self, what: Callable[[], object]) -> None:
        self.switch: Callable[[bool], object] = lambda _in_time: what()


class Driven(Protocol):
    """A connection. The event loop calls its methods; `receive` is called in the middle of `flush`, too."""

    def receive(self) -> None:
        """Take what has come: the socket can be read."""
        ...

    def flush(self) -> None:
        """Send what is to be sent."""
        ...

    def waiters(self) -> Iterable[Waiter]:
        """Return all that somebody may wait for."""
        ...


class Driving(Waiting, Protocol):
    """Waits for a socket while the connection is opened; then calls the connection when it is ready."""

    def drive(self, connection: Driven) -> None:
        """Call `connection.receive` from now on whenever the socket can be read."""
        ...

    def flush_soon(self) -> None:
        """Call `connection.flush` once, when those who are about to send have done so."""
        ...

    def flush_when_writable(self) -> None:
        """Call `connection.flush` once, when the socket can be written to."""
        ...

    def wait(self, waiter: Waiter, deadline: int) -> bool:
        """Let the caller wait until it is woken; False when `deadline` (monotonic ns) has passed."""
        ...

    def call(self, waiter: Waiter, deadline: int, what: Callable[[], object]) -> None:
        """Call something, from the event loop, once the waiter is woken or `deadline` has passed."""
        ...

    def wake(self, waiters: Iterable[Waiter]) -> None:
        """Let those go on who wait for these: from the event loop at once, from elsewhere soon."""
        ...
