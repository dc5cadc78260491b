"""Load: the kept connections of one user."""

from kubedrill.load.user.targets import Targets
from kubedrill.load.user.waiting import GreenletWaiting
from kubedrill.wire.connection import Connection
from kubedrill.wire.stream import Stream
from kubedrill.wire.target import Target


class Pool:
    """Hands out the connection used last, or a new one; one request at a time on each."""

    def __init__(self, target: Target, servers: Targets) -> None:
        self._target = target
        self._servers = servers
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._bytes_in = 0  # of connections that are gone

    @property
    def bytes_in(self) -> int:
        """Bytes received on all connections so far, TLS included."""
        return self._bytes_in + sum(one.bytes_in for one in self._open)

    def take(self, deadline: int) -> Connection:
        """Return a connection; WireError if it cannot be opened until `deadline` (monotonic ns)."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_alive():
                return connection
            self._forget(connection)
        connection = Connection.open(self._target, deadline, GreenletWaiting)
        connection.peer = self._servers.number(connection.certificate())
        self._open.add(connection)
        return connection

    def stream(self, request: bytes, deadline: int) -> Stream:
        """Return the answer to a request as it comes; give its connection back with `end`."""
        connection = self.take(deadline)
        try:
            return Stream(connection, request, deadline)
        except BaseException:
            self._forget(connection)
            raise

    def end(self, stream: Stream) -> None:
        """Close a stream."""
        stream.close()
        self._forget(stream.connection)

    def give(self, connection: Connection) -> None:
        """Take a connection back; one that is closed is forgotten."""
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

    def _forget(self, connection: Connection) -> None:
        self._open.discard(connection)
        self._bytes_in += connection.bytes_in
