"""Wire: one request's answer on an HTTP/2 connection, as it comes. Knows no sockets."""

from collections.abc import Callable
from typing import Protocol

from kubedrill.clock import now
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.http2.driving import Waiter
from kubedrill.wire.http2.frames import Buffer
from kubedrill.wire.response import ENDS, Each, Response

WINDOW = 4 * 1024 * 1024
"""Bytes that a server may send ahead on a stream: client-go's figure."""
STEP = WINDOW // 2
"""Bytes after which it is told that it may send more."""

_HAVE_NO_BODY = {204, 304}


class Incoming(Waiter):
    """What both kinds of answers have in common."""

    __slots__ = (
        "announced",
        "bodyless",
        "end",
        "failure",
        "first_byte",
        "number",
        "retry_after",
        "size",
        "status",
        "unsaid",
    )

    def __init__(self) -> None:
        self.greenlet = None
        self.deadline = self.number = self.status = self.first_byte = self.end = self.size = 0
        self.announced = -1
        """Content-Length; -1: not said."""
        self.unsaid = 0
        """Bytes taken that the server has not been told about."""
        self.retry_after: float | None = None
        self.bodyless = False
        """Whether the answer to such a request has no body."""
        self.failure: tuple[Outcome, str] | None = None

    @property
    def is_there(self) -> int:
        """What it was asked for: 0 until it has come."""
        raise NotImplementedError

    def begin(self, status: int, length: int, retry_after: float | None) -> None:
        """Take the answer's head."""
        self.first_byte = now()
        self.status, self.announced = status, length
        if status == 429 or status >= 500:
            self.retry_after = retry_after

    def take(self, data: Buffer, start: int, stop: int) -> bool:
        """Take `data[start:stop]` of the body; whether somebody waits for a part of it."""
        raise NotImplementedError

    def is_whole(self) -> bool:
        """Whether the body has the length that was announced."""
        return self.announced in {-1, self.size} or (not self.size and self._has_none)

    @property
    def _has_none(self) -> bool:
        """Whether such an answer has no body, whatever length is announced."""
        return self.bodyless or self.status in _HAVE_NO_BODY

    def error(self, peer: int) -> WireError:
        """Return how it failed."""
        assert self.failure is not None
        failure = WireError(*self.failure, self.first_byte)
        failure.peer = peer
        return failure


class Whole(Incoming):
    """An answer that is waited for to its end; its body is discarded, but for what was asked for."""

    __slots__ = ("_each", "body", "head", "keep_head", "tail")

    def __init__(self, keep_body: bool, keep_head: int, each: Each | None = None) -> None:
        super().__init__()
        self.head = self.tail = b""
        self.body: bytearray | None = bytearray() if keep_body else None
        self.keep_head = keep_head
        self._each = each

    @property
    def is_there(self) -> int:
        """When all of it had come."""
        return self.end

    @property
    def left(self) -> int:
        """Bytes of the body that were announced and have not come; its window always has room for STEP."""
        return 0 if self._has_none else self.announced - self.size

    def take(self, data: Buffer, start: int, stop: int) -> bool:
        """Take `data[start:stop]` of the body."""
        size, length = self.size, stop - start
        if size < self.keep_head:
            self.head += data[start : min(stop, start + self.keep_head - size)]
        self.size = size + length
        self.unsaid += length
        if self.announced - self.size < ENDS:  # otherwise its last bytes come later
            self.tail = (self.tail + data[max(start, stop - ENDS) : stop])[-ENDS:]
        if self.body is not None:
            self.body += data[start:stop]
        if self._each is not None and self.status < 300:
            self._each(bytes(data[start:stop]))
        return False

    def response(self, peer: int) -> Response:
        """Return the whole answer."""
        return Response(
            self.status,
            self.first_byte,
            self.end,
            self.size,
            self.head,
            self.tail,
            bytes(self.body) if self.body is not None else b"",
            self.retry_after,
            peer,
        )


class Owner(Protocol):
    """The connection of a stream."""

    peer: int

    def wait(self, stream: Incoming, deadline: int) -> bool:
        """Wait until something has come; False when the deadline has passed."""
        ...

    def call(self, stream: Incoming, deadline: int, what: Callable[[], object]) -> None:
        """Call something once something has come, or the deadline has passed."""
        ...

    def credit(self, stream: Incoming) -> None:
        """Let the server send as much more as was taken."""
        ...

    def cancel(self, stream: Incoming) -> None:
        """End the stream, if it has not ended."""
        ...

    def close(self) -> None:
        """Close the connection, with all that is on it."""
        ...


class Http2Stream(Incoming):
    """An answer whose body comes as the server sends it: a watch. As wire.stream.Stream, for one greenlet."""

    __slots__ = ("_pieces", "connection", "held")

    def __init__(self, owner: Owner) -> None:
        super().__init__()
        self.connection = owner
        self._pieces: list[bytes] = []
        self.held = 0
        """Bytes that nobody has taken yet."""

    @property
    def peer(self) -> int:
        """`peer` of its connection."""
        return self.connection.peer

    @property
    def is_there(self) -> int:
        """The status: the head has come."""
        return self.status

    def take(self, data: Buffer, start: int, stop: int) -> bool:
        """Take `data[start:stop]` of the body."""
        self.size += stop - start
        self.held += stop - start
        self._pieces.append(bytes(data[start:stop]))
        return True

    def receive(self, deadline: int) -> bytes:
        """Return what has come of the body, waiting until `deadline`; b"" at its orderly end.

        WireError TIMEOUT leaves it usable. While nobody receives, the server may send WINDOW bytes.
        """
        while not self.held:
            if self.failure:
                raise self.error(self.peer)
            if self.end:
                return b""
            if not self.connection.wait(self, deadline):
                raise WireError(Outcome.TIMEOUT, "nothing has come in time", self.first_byte)
        self.unsaid += self.held
        self.held = 0
        taken = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        if self.unsaid >= STEP and not self.end:
            self.connection.credit(self)
        return taken

    def calls(self, deadline: int, what: Callable[[], object]) -> bool:
        """Call something, from the event loop, once `receive` would not wait; False: it would not now.

        Nobody has to wait meanwhile: a greenlet that does takes 9 KB.
        """
        if self.held or self.failure or self.end:
            return False
        self.connection.call(self, deadline, what)
        return True

    def close(self) -> None:
        """Give up what has not come yet; the connection stays."""
        self.connection.cancel(self)
