"""Calls to one server of the cluster, over a connection that is kept while it works."""

import json
from typing import Any

from kubedrill.clock import SECOND, now
from kubedrill.wire.connection import Connection
from kubedrill.wire.request import prepare
from kubedrill.wire.response import Response
from kubedrill.wire.target import Target


class Api:
    """One server, as one identity. Never retries; not for several threads at once."""

    def __init__(self, target: Target, token: str | None = None, timeout_s: float = 5.0) -> None:
        self._target = target
        self._token = token
        self._timeout = int(timeout_s * SECOND)
        self._connection: Connection | None = None

    def call(self, method: str, path: str, content: Any = None) -> Response:
        """Send a request, with `content` as JSON if given, and return the answer; WireError."""
        body = b"" if content is None else json.dumps(content).encode()
        request = prepare(
            method,
            path,
            self._target.server_name,
            token=self._token,
            user_agent="kubedrill-cluster",
            body=body,
        )
        deadline = now() + self._timeout
        if self._connection is None or not self._connection.is_alive():
            self._connection = Connection.open(self._target, deadline)
        return self._connection.exchange(request, deadline, keep_body=True)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
