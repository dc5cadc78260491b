"""Client: the kept connections of one user or one series of probes, and what it waits for one."""

from collections import deque
from typing import Any

from gevent import getcurrent
from gevent.lock import Semaphore

from kubedrill.client.greenlets.waiting import GreenletWaiting
from kubedrill.client.targets import Targets
from kubedrill.clock import SECOND, now
from kubedrill.record.sample import Outcome
from kubedrill.wire.connection import Connection
from kubedrill.wire.errors import WireError
from kubedrill.wire.response import ENDS, Each, Response
from kubedrill.wire.stream import Stream, Streaming
from kubedrill.wire.target import Target


class HeldTimes(dict[Any, int]):
    """How long greenlets have waited for one of a user's `connections`, ns, until they take it."""

    def add(self, waited: int) -> None:
        """Take down what the greenlet that calls has waited, ns."""
        greenlet = getcurrent()
        self[greenlet] = self.get(greenlet, 0) + waited

    def take(self) -> int:
        """Return what the greenlet that calls has waited since it last asked, ns."""
        return self.pop(getcurrent(), 0)


class Pool:
    """Hands out the connection used last, or a new one; one request at a time on each.

    Of no more than `most` connections, if that is not 0; none is used again unless `kept`. With `in_turn`
    other than 0 no more than so many are kept, and the one that was used longest ago is next: those that
    a balancer has spread over its servers are all used.
    """

    def __init__(
        self,
        target: Target,
        servers: Targets,
        held: HeldTimes,
        most: int = 0,
        kept: bool = True,
        *,
        in_turn: int = 0,
    ) -> None:
        self._target = target
        self._servers = servers
        self._held = held
        self._slots = Semaphore(most) if most else None
        self._kept = kept
        self._in_turn = in_turn
        self._idle: deque[Connection] = deque()
        self._open: set[Connection] = set()
        self._bytes_in = self._bytes_out = 0  # of connections that are gone

    @property
    def bytes_in(self) -> int:
        """Bytes received on all connections so far, TLS included."""
        return self._bytes_in + sum(connection.bytes_in for connection in self._open)

    @property
    def bytes_out(self) -> int:
        """Bytes sent on all connections so far, TLS included."""
        return self._bytes_out + sum(connection.bytes_out for connection in self._open)

    def exchange(
        self, request: bytes, deadline: int, keep_head: int = ENDS, each: Each | None = None
    ) -> Response:
        """Send a request on a kept connection, or a new one if none is free; WireError."""
        connection = self.take(deadline)
        try:
            return connection.exchange(request, deadline, False, keep_head, each)
        finally:
            self.give(connection)

    def warm_up(self, deadline: int) -> None:
        """Open a connection ahead of the first request, or as many as are used in turn; WireError."""
        taken: list[Connection] = []
        try:
            taken.extend(self.take(deadline) for _ in range(max(1, self._in_turn)))
        finally:
            for connection in taken:
                self.give(connection)

    def take(self, deadline: int) -> Connection:
        """Return a connection; WireError if it cannot be opened until `deadline` (monotonic ns)."""
        if self._slots is not None:
            self._wait_for_a_slot(self._slots, deadline)
        while self._idle:
            connection = self._idle.popleft() if self._in_turn else self._idle.pop()
            if connection.is_alive():
                return connection
            self._forget(connection)
        try:
            connection = Connection.open(self._target, deadline, GreenletWaiting)
        except BaseException:
            self._free_slot()
            raise
        certificate = connection.certificate()
        connection.peer = self._servers.number(certificate, connection.certificate_fields)
        self._open.add(connection)
        return connection

    def stream(self, request: bytes, deadline: int) -> Stream:
        """Return the answer to a request as it comes; give its connection back with `end`."""
        connection = self.take(deadline)
        try:
            return Stream(connection, request, deadline)
        except BaseException:
            self._free_slot()
            self._forget(connection)
            raise

    def end(self, stream: Streaming) -> None:
        """Close a stream."""
        assert isinstance(stream, Stream)
        stream.close()
        self._free_slot()
        self._forget(stream.connection)

    def give(self, connection: Connection) -> None:
        """Take a connection back; one that is closed is forgotten."""
        self._free_slot()
        if not self._kept or 0 < self._in_turn <= len(self._idle):
            connection.close()
        if connection.closed:
            self._forget(connection)
        else:
            self._idle.append(connection)

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            connection = self._idle.pop()
            connection.close()
            self._forget(connection)

    def _wait_for_a_slot(self, slots: Semaphore, deadline: int) -> None:
        if slots.acquire(blocking=False):
            return
        began = now()
        free = slots.acquire(timeout=max(deadline - began, 0) / SECOND)
        self._held.add(now() - began)
        if not free:
            raise WireError(Outcome.NO_CONNECTION, "every connection was in use all the time")

    def _free_slot(self) -> None:
        if self._slots is not None:
            self._slots.release()

    def _forget(self, connection: Connection) -> None:
        self._open.discard(connection)
        self._bytes_in += connection.bytes_in
        self._bytes_out += connection.bytes_out
