"""Client: calls to one server that block, over a connection that is kept."""

import json
from collections.abc import Mapping
from typing import Any

from kubedrill.clock import SECOND, now
from kubedrill.record.sample import Outcome
from kubedrill.wire.connection import Connection
from kubedrill.wire.errors import WireError
from kubedrill.wire.request import prepare
from kubedrill.wire.response import Response
from kubedrill.wire.target import Target

TIMEOUT_S = 5.0
_BROKEN = (Outcome.RESET, Outcome.EOF)


class Caller:
    """One server, as one identity. Not for several threads at once."""

    def __init__(
        self,
        target: Target,
        token: str | None = None,
        timeout_s: float = TIMEOUT_S,
        user_agent: str = "kubedrill-cluster",
    ) -> None:
        self._target = target
        self._token = token
        self._timeout = int(timeout_s * SECOND)
        self._user_agent = user_agent
        self._connection: Connection | None = None
        self._bytes_in = 0  # of connections that are gone

    @property
    def bytes_in(self) -> int:
        """Bytes received on all connections so far, TLS included."""
        return self._bytes_in + (self._connection.bytes_in if self._connection else 0)

    def call(self, method: str, path: str, content: Any = None) -> Response:
        """Send a request, with `content` as JSON if given, and return the answer; WireError."""
        body = b"" if content is None else json.dumps(content).encode()
        return self.exchange(self.request(method, path, body), now() + self._timeout)

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        accept: str = "application/json",
        headers: Mapping[str, str] = {},
    ) -> bytes:
        """Return the bytes of a request, which may be sent more than once."""
        return prepare(
            method,
            path,
            self._target.server_name,
            token=self._token,
            accept=accept,
            user_agent=self._user_agent,
            headers=headers,
            body=body,
        )

    def exchange(self, request: bytes, deadline: int) -> Response:
        """Send a request once and return its whole answer, until `deadline` (monotonic ns); WireError."""
        connection = self._connection
        if connection is None or not connection.is_alive():
            self.close()
            connection = self._connection = Connection.open(self._target, deadline)
        return connection.exchange(request, deadline, keep_body=True)

    def ask(self, request: bytes, deadline: int) -> Response:
        """As `exchange`, for a question: how the server is now, not whether it was restarted since.

        A kept connection that turns out to be broken is replaced once.
        """
        kept = self._connection
        try:
            return self.exchange(request, deadline)
        except WireError as error:
            if kept is None or kept is not self._connection or error.outcome not in _BROKEN:
                raise
        return self.exchange(request, deadline)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._bytes_in += self._connection.bytes_in
            self._connection = None
