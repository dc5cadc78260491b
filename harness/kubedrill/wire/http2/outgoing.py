"""Wire: what is to be sent on an HTTP/2 connection, as much as the server has room for."""

from kubedrill.wire.http2.frames import (
    DATA,
    DEFAULT_WINDOW,
    END_STREAM,
    FRAME,
    HEAD,
    HEADER_TABLE_SIZE,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    LARGEST,
    NUMBER,
    frame,
    malformed,
)

_TABLE = 4096
_NO_TABLE = b"\x20"
"""At the beginning of a header block: the encoder's table has no room now."""


class _Body:
    """What has not been sent of a request's body, and how much the server has room for."""

    __slots__ = ("left", "window")

    def __init__(self, left: memoryview, window: int) -> None:
        self.left = left
        self.window = window


class Outgoing:
    """Frames to be sent, and bodies that wait for the server's windows."""

    __slots__ = ("_bodies", "_initial", "_owed", "_window", "frames")

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        """What is to be sent now, in order."""
        self._bodies: dict[int, _Body] = {}
        self._window = self._initial = DEFAULT_WINDOW
        self._owed = False

    def begin(self, stream: int, request: bytes) -> None:
        """Send a request of `prepare_http2` on a stream."""
        if self._owed:
            self._owed = False
            request = _without_table(request)
        if request[4] & END_STREAM:
            self.frames += (request[:5], NUMBER.pack(stream), request[9:])
            return
        end = 9 + (HEAD.unpack_from(request)[0] >> 8)
        self.frames += (request[:5], NUMBER.pack(stream), request[9:end])
        self._bodies[stream] = _Body(memoryview(request)[end:], self._initial)
        self._pump()

    def unsent(self, stream: int) -> bool:
        """Whether the server has not been sent the whole request."""
        return stream in self._bodies

    def forget(self, stream: int) -> None:
        """Send no more of a request."""
        self._bodies.pop(stream, None)

    def set(self, said: dict[int, int]) -> None:
        """Take the server's settings."""
        if said.get(HEADER_TABLE_SIZE, _TABLE) < _TABLE:
            self._owed = True
        if INITIAL_WINDOW_SIZE in said:
            initial = said[INITIAL_WINDOW_SIZE]
            for body in self._bodies.values():
                body.window = _checked(body.window + initial - self._initial)
            self._initial = _checked(initial)
            self._pump()

    def open(self, stream: int, more: int) -> None:
        """Take what a WINDOW_UPDATE says."""
        if not stream:
            self._window = _checked(self._window + more)
        elif stream in self._bodies:
            self._bodies[stream].window = _checked(self._bodies[stream].window + more)
        self._pump()

    def _pump(self) -> None:
        for stream, body in list(self._bodies.items()):
            while body.left and (size := min(body.window, self._window, FRAME, len(body.left))) > 0:
                flags = END_STREAM if size == len(body.left) else 0
                self.frames.append(frame(DATA, flags, stream, bytes(body.left[:size])))
                body.left = body.left[size:]
                body.window -= size
                self._window -= size
            if not body.left:
                del self._bodies[stream]


def _without_table(request: bytes) -> bytes:
    word, flags, _ = HEAD.unpack_from(request)
    length = word >> 8
    if length >= FRAME:
        return request
    return HEAD.pack((length + 1) << 8 | HEADERS, flags, 0) + _NO_TABLE + request[9:]


def _checked(window: int) -> int:
    if window > LARGEST:
        raise malformed("a window wider than there are numbers for")
    return window
