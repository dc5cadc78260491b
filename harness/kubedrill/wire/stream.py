"""Wire: an answer that is taken piece by piece as it comes: a watch."""

from typing import Protocol

from kubedrill.record.sample import Outcome
from kubedrill.wire.connection import Connection
from kubedrill.wire.errors import WireError
from kubedrill.wire.response import Answer
from kubedrill.wire.tls_connection import RECORD

MOST = RECORD
"""Bytes received at once; what many streams hold between two waits stays in the process's memory."""


class Streaming(Protocol):
    """An answer whose body comes as the server sends it: a watch."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def retry_after(self) -> float | None:
        """Seconds, of a Retry-After in seconds."""
        ...

    @property
    def first_byte(self) -> int:
        """When the answer began, monotonic ns."""
        ...

    @property
    def size(self) -> int:
        """Bytes of the body so far."""
        ...

    @property
    def peer(self) -> int:
        """Who has answered, as a number of the connection's owner."""
        ...

    def receive(self, deadline: int) -> bytes:
        """Return what has come of the body, waiting until `deadline`; b"" at its orderly end; WireError."""
        ...


class Stream:
    """An answer of status `status` whose body comes as the server sends it. One at a time on a connection."""

    def __init__(self, connection: Connection, request: bytes, deadline: int) -> None:
        """Send the request and wait for the answer's head, until `deadline` (monotonic ns).

        WireError as for Connection.exchange; the connection is closed then.
        """
        self.connection = connection
        self._answer = Pieces()
        self._failure: tuple[Outcome, str] | None = None  # told when what came before is taken
        connection.send(request, deadline)
        while not self._answer.status:
            if not self._more(deadline):
                connection.close()
                raise WireError(Outcome.TIMEOUT, "no answer in time")

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._answer.status

    @property
    def retry_after(self) -> float | None:
        """Seconds, of a Retry-After in seconds."""
        return self._answer.retry_after

    @property
    def first_byte(self) -> int:
        """When the answer began, monotonic ns."""
        return self._answer.first_byte

    @property
    def size(self) -> int:
        """Bytes of the body so far."""
        return self._answer.size

    @property
    def peer(self) -> int:
        """`Connection.peer` of its connection."""
        return self.connection.peer

    def receive(self, deadline: int) -> bytes:
        """Return what has come of the body, waiting until `deadline`; b"" at its orderly end.

        WireError TIMEOUT leaves it usable; after any other the connection is closed.
        """
        answer = self._answer
        while True:
            data = answer.take()
            if data or answer.done:
                return data
            if not self._more(deadline):
                raise WireError(Outcome.TIMEOUT, "nothing has come in time", answer.first_byte)

    def close(self) -> None:
        """Close it, and with it its connection: HTTP/1.1 has no other way to end an answer early."""
        self.connection.close()

    def _more(self, deadline: int) -> bool:
        if self._failure is not None:
            failure = WireError(*self._failure, self.first_byte)
            failure.peer = self.peer
            raise failure
        try:
            return self.connection.more(self._answer, deadline, MOST)
        except WireError as error:
            self._failure = (error.outcome, str(error))
            return True


class Pieces(Answer):
    """An answer that keeps of its body what nobody has taken yet."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(keep_body=True)

    def take(self) -> bytes:
        """Return what has come of the body since the last call."""
        if not self._body:
            return b""
        taken = bytes(self._body)
        self._body.clear()
        return taken

    def _keep(self, data: bytearray, start: int, end: int) -> None:
        assert self._body is not None
        self.size += end - start
        self._body += data[start:end]
