"""Fleet: one node's conversation with the API: one HTTP/2 connection, as a kubelet has it."""

import json
from _socket import socket
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from gevent.event import Event
from gevent.lock import BoundedSemaphore

from kubedrill.client.greenlets.driving import GreenletDriving
from kubedrill.client.identity import ClientIdentity
from kubedrill.client.informer import Object
from kubedrill.clock import SECOND, now
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import NotSent, WireError
from kubedrill.wire.http2.connection import Http2Connection
from kubedrill.wire.http2.streams import Http2Stream
from kubedrill.wire.response import Response
from kubedrill.wire.stream import Streaming
from kubedrill.wire.tls_connection import reset

CONNECT = 30 * SECOND
CONNECTING = BoundedSemaphore(64)
"""So many of a process's connections are opened at once: more would only make all of them late."""
JSON = "application/json"
MERGE = "application/strategic-merge-patch+json"
_COULD_NOT = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(slots=True)
class Counts:
    """What a process's nodes have sent."""

    requests: int = 0
    received_bytes: int = 0
    """On the wire, TLS included, as far as it was added up."""
    failed: int = 0
    forbidden: int = 0

    def answered(self, status: int) -> None:
        """Count an answer: that something is there or not is one, too."""
        self.forbidden += status == HTTPStatus.FORBIDDEN
        self.failed += status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _COULD_NOT


class Talk:
    """Sends a node's requests, all on one connection; a new one is opened where it has ended."""

    def __init__(self, identity: ClientIdentity, counts: Counts) -> None:
        self._identity = identity
        self._counts = counts
        self._connections: list[Http2Connection] = []
        """The last one takes requests, as long as it does."""
        self._opening: Event | None = None
        self._left: list[socket] = []
        """Of connections that the peer has not been told are no more."""
        self._added = 0
        """What was added up of what these connections have received."""
        self.closed = False

    def request(
        self,
        method: str,
        path: str,
        accept: str = JSON,
        *,
        body: bytes = b"",
        content_type: str = JSON,
    ) -> bytes:
        """Return the bytes of a request."""
        return self._identity.request(method, path, accept, body=body, content_type=content_type)

    def call(
        self, method: str, path: str, deadline: int, content: Any = None, content_type: str = JSON
    ) -> Response:
        """Send `content` as JSON, if it is given, and return the answer; WireError."""
        body = b"" if content is None else json.dumps(content, separators=(",", ":")).encode()
        return self.exchange(
            self.request(method, path, body=body, content_type=content_type), deadline
        )

    def exchange(self, request: bytes, deadline: int) -> Response:
        """Send a request and return its answer, with its body; WireError."""
        answer = self._counted(
            deadline, lambda connection: connection.exchange(request, deadline, keep_body=True)
        )
        assert isinstance(answer, Response)
        self._counts.answered(answer.status)
        return answer

    def stream(self, request: bytes, deadline: int) -> Http2Stream:
        """Send a request and return its answer as it comes; WireError."""
        stream = self._counted(deadline, lambda connection: connection.stream(request, deadline))
        assert isinstance(stream, Http2Stream)
        self._counts.answered(stream.status)
        return stream

    def end(self, stream: Streaming) -> None:
        """Close a stream."""
        assert isinstance(stream, Http2Stream)
        stream.close()

    def look(self, at: int) -> None:
        """Look whether a connection has fallen silent; to be called every few seconds."""
        for connection in self._connections:
            if not connection.closed:
                connection.look(at)

    def add_up(self) -> None:
        """Count what was received since the last call."""
        received = sum(connection.bytes_in for connection in self._connections)
        self._counts.received_bytes += received - self._added
        self._added = received

    def close(self) -> None:
        """Close all connections, for good: nothing more is sent."""
        self.add_up()
        self.closed = True
        for connection in self._connections:
            connection.close()

    def fall_silent(self) -> None:
        """Say nothing more, not even that: as a machine whose power is cut. Its connections stay open."""
        self.add_up()
        self._added, self.closed = 0, True
        self._left += [each.fall_silent() for each in self._connections if not each.closed]
        self._connections.clear()

    def reset(self) -> None:
        """End what is open yet since `fall_silent`, as a machine does that knows nothing of it any more."""
        for sock in self._left:
            reset(sock)
        self._left.clear()

    def _counted(
        self, deadline: int, ask: Callable[[Http2Connection], Response | Http2Stream]
    ) -> Response | Http2Stream:
        self._counts.requests += 1
        try:
            while True:
                try:
                    return ask(self._open(deadline))
                except NotSent:
                    pass  # it has been closed while the request waited for its turn
        except WireError:
            self._counts.failed += 1
            raise

    def _open(self, deadline: int) -> Http2Connection:
        """Return the connection, opened if need be; WireError."""
        while True:
            if self.closed:
                raise WireError(Outcome.RESET, "the node is down")
            if self._connections and _takes_more(self._connections[-1]):
                return self._connections[-1]
            if self._opening is None:
                return self._connect(deadline)
            if not self._opening.wait(max(deadline - now(), 0) / SECOND):
                raise WireError(Outcome.TIMEOUT, "no connection in time")

    def _connect(self, deadline: int) -> Http2Connection:
        opening = self._opening = Event()
        try:
            if not CONNECTING.acquire(timeout=max(deadline - now(), 0) / SECOND):
                raise WireError(Outcome.TIMEOUT, "no connection in time")
            try:
                until = min(deadline, now() + CONNECT)
                connection = Http2Connection.open(self._identity.target, until, GreenletDriving)
            finally:
                CONNECTING.release()
        finally:
            self._opening = None
            opening.set()
        if self.closed:
            connection.close()
        # One that takes no more may carry watches yet.
        self.add_up()
        self._connections = [*(each for each in self._connections if not each.closed), connection]
        self._added = sum(each.bytes_in for each in self._connections)
        return connection


def _takes_more(connection: Http2Connection) -> bool:
    return connection.takes_more and not connection.closed


def parsed(answer: Response) -> Object:
    """Return the object that an answer holds."""
    found: Object = json.loads(answer.body)
    return found
