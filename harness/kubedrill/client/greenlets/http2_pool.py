"""Client: the HTTP/2 connections of one user."""

from collections import deque
from operator import attrgetter

import gevent
from gevent.event import Event

from kubedrill.client.greenlets.driving import GreenletDriving
from kubedrill.client.greenlets.pool import HeldTimes
from kubedrill.client.targets import Targets
from kubedrill.clock import SECOND, now
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import NotSent, WireError
from kubedrill.wire.http2.connection import Http2Connection
from kubedrill.wire.http2.streams import Http2Stream, Owner
from kubedrill.wire.response import ENDS, Each, Response
from kubedrill.wire.stream import Streaming
from kubedrill.wire.target import Target

LOOK_S = 5.0
"""How often it is looked whether connections have fallen silent."""


class Http2Pool:
    """Sends all requests on one connection, and opens another when the server takes no more on it.

    `most` other than 0: on so many connections, each time on the one with the fewest requests. Not
    `kept`: each on one of its own.
    """

    def __init__(
        self, target: Target, servers: Targets, held: HeldTimes, most: int = 0, kept: bool = True
    ) -> None:
        self._target = target
        self._servers = servers
        self._held = held
        self._most = most
        self._kept = kept
        self._open: deque[Http2Connection] = deque()
        self._opening: list[_Opening] = []
        self._looking: gevent.Greenlet | None = None
        self._bytes_in = 0  # of connections that are gone

    @property
    def bytes_in(self) -> int:
        """Bytes received on all connections so far, TLS included."""
        return self._bytes_in + sum(connection.bytes_in for connection in self._open)

    def exchange(
        self, request: bytes, deadline: int, keep_head: int = ENDS, each: Each | None = None
    ) -> Response:
        """Send a request and return its answer; WireError as Http2Connection.exchange, and as its `open`."""
        while True:
            connection = self._take(deadline)
            try:
                return connection.exchange(request, deadline, keep_head=keep_head, each=each)
            except NotSent:
                pass  # it has been closed while the request waited for its turn
            finally:
                self._done(connection)

    def stream(self, request: bytes, deadline: int) -> Http2Stream:
        """Return the answer to a request as it comes; give it back with `end`."""
        while True:
            connection = self._take(deadline)
            try:
                return connection.stream(request, deadline)
            except NotSent:
                pass
            except BaseException:
                self._done(connection)
                raise

    def end(self, stream: Streaming) -> None:
        """Close a stream."""
        assert isinstance(stream, Http2Stream)
        stream.close()
        self._done(stream.connection)

    def warm_up(self, deadline: int) -> None:
        """Open a connection ahead of the first request; WireError."""
        if self._kept and not self._open:
            self._connect(deadline)

    def close(self) -> None:
        """Close all connections."""
        if self._looking is not None:
            self._looking.kill()
            self._looking = None
        for connection in list(self._open):
            connection.close()
        self._forget_closed()

    def _take(self, deadline: int) -> Http2Connection:
        while self._kept:
            connection = self._least_busy() if self._most else self._with_room()
            if connection is not None:
                return connection
            if len(self._opening) >= max(self._most, 1):
                self._opening[0].wait(deadline)
            else:
                break
        return self._connect(deadline)

    def _with_room(self) -> Http2Connection | None:
        for connection in self._open:
            if connection.has_room:
                return connection
        return None

    def _least_busy(self) -> Http2Connection | None:
        self._open.rotate()  # of those that are equally busy, each in turn
        takers = [connection for connection in self._open if connection.takes_more]
        if not takers or len(takers) + len(self._opening) < self._most:
            return None
        return min(takers, key=attrgetter("streams"))

    def _connect(self, deadline: int) -> Http2Connection:
        self._forget_closed()
        opening = _Opening()
        self._opening.append(opening)
        try:
            connection = Http2Connection.open(self._target, deadline, GreenletDriving)
        except WireError as error:
            opening.failure = error
            raise
        finally:
            self._opening.remove(opening)
            opening.done.set()
        certificate = connection.certificate()
        connection.peer = self._servers.number(certificate, connection.certificate_fields)
        connection.held = self._held.add
        self._open.append(connection)
        if self._looking is None:
            self._looking = gevent.spawn(self._look_always)
        return connection

    def _look_always(self) -> None:
        while True:
            gevent.sleep(LOOK_S)
            at = now()
            for connection in list(self._open):
                connection.look(at)

    def _done(self, connection: Owner) -> None:
        if not self._kept:
            connection.close()

    def _forget_closed(self) -> None:
        closed = [connection for connection in self._open if connection.closed]
        self._bytes_in += sum(connection.bytes_in for connection in closed)
        self._open = deque(connection for connection in self._open if not connection.closed)


class _Opening:
    """A connection that is being opened, for all who need one."""

    def __init__(self) -> None:
        self.done = Event()
        self.failure: WireError | None = None

    def wait(self, deadline: int) -> None:
        """Wait until it is open, or somebody else has to try; WireError if there is no use in trying."""
        if not self.done.wait(max(deadline - now(), 0) / SECOND):
            raise WireError(Outcome.TIMEOUT, "no connection in time")
        # Who was late had less time left than who waits here.
        if self.failure is not None and self.failure.outcome != Outcome.TIMEOUT:
            raise WireError(self.failure.outcome, str(self.failure))
