"""Observe: the connections of one series of probes, fresh or kept."""

from collections import deque

from kubedrill.wire.connection import Connection
from kubedrill.wire.target import Target


class Connections:
    """Hands out connections to one target; keeps up to `keep` idle ones, used in turn.

    In turn, so that the kept ones, which a balancer has spread over its servers, are all probed.
    With `keep` 0 each connection is a fresh one and is closed after use. Like any HTTP client, it
    does not use an idle connection that the server has closed.
    """

    def __init__(self, target: Target, keep: int) -> None:
        self._target = target
        self._keep = keep
        self._idle: deque[Connection] = deque()
        self.handshake_in = self.handshake_out = 0
        """Bytes of the handshakes so far."""

    def fill(self, deadline: int) -> None:
        """Open connections until `keep` are idle; WireError as `Connection.open` raises it."""
        while len(self._idle) < self._keep:
            self._idle.append(self._open(deadline))

    def take(self, deadline: int) -> Connection:
        """Return the connection idle for longest, or a new one; WireError if it cannot be opened."""
        while self._idle:
            connection = self._idle.popleft()
            if connection.is_alive():
                return connection
        return self._open(deadline)

    def give(self, connection: Connection) -> None:
        """Take a connection back after use."""
        if connection.closed:
            return
        if len(self._idle) < self._keep:
            self._idle.append(connection)
        else:
            connection.close()

    def _open(self, deadline: int) -> Connection:
        connection = Connection.open(self._target, deadline)
        self.handshake_in += connection.bytes_in
        self.handshake_out += connection.bytes_out
        return connection
