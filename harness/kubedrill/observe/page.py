"""Observe: one page, fetched again and again over a kept connection."""

from kubedrill.record.cluster import ClusterRecord, Endpoint
from kubedrill.record.sample import Outcome
from kubedrill.wire.connection import Connection
from kubedrill.wire.errors import WireError
from kubedrill.wire.request import prepare
from kubedrill.wire.response import Response
from kubedrill.wire.target import identity_target

_BROKEN = (Outcome.RESET, Outcome.EOF)


class Page:
    """A path of one endpoint, asked as `scraper`. Not for several threads at once."""

    def __init__(self, record: ClusterRecord, endpoint: Endpoint, path: str) -> None:
        self._target, token = identity_target(record, "scraper", endpoint)
        self._request = prepare(
            "GET",
            path,
            record.server_name,
            token=token,
            accept="text/plain, */*;q=0.5",
            user_agent="kubedrill-scraper",
            headers={"Accept-Encoding": "gzip"},
        )
        self._connection: Connection | None = None
        self.wire_bytes = 0
        """Received so far, TLS included."""

    def get(self, deadline: int) -> Response:
        """Return the whole answer, or raise WireError, by `deadline` (monotonic ns).

        A kept connection that turns out to be broken is replaced once: the question is how the
        endpoint is now, not whether it was restarted since.
        """
        kept = self._connection
        if kept is not None and kept.is_alive():
            try:
                return self._exchange(kept, deadline)
            except WireError as error:
                if error.outcome not in _BROKEN:
                    raise
        self._connection = Connection.open(self._target, deadline)
        self.wire_bytes += self._connection.bytes_in
        return self._exchange(self._connection, deadline)

    def _exchange(self, connection: Connection, deadline: int) -> Response:
        before = connection.bytes_in
        try:
            return connection.exchange(self._request, deadline, keep_body=True)
        finally:
            self.wire_bytes += connection.bytes_in - before
