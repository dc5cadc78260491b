"""Wire: HTTP/2 frames (RFC 9113), and how bytes that arrive are cut into them. Knows no sockets."""

import struct
from typing import Protocol

from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = range(5)
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(5, 10)
"""Kinds."""
END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
PRIORITISED = 0x20
"""Flags."""
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS = range(1, 4)
INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE = range(4, 6)
"""Settings."""
NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM, CANCEL = 0x0, 0x1, 0x7, 0x8
_ERRORS = (
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
LARGEST = 2**31 - 1
"""Of windows and of the numbers of streams."""
DEFAULT_WINDOW = 65_535
FRAME = 16 * 1024
"""The most that a frame may hold if nothing else was said; we say nothing else."""

HEAD = struct.Struct(">IBI")
"""length << 8 | kind, flags, stream: what every frame begins with, 9 bytes."""
NUMBER = struct.Struct(">I")
SETTING = struct.Struct(">HI")

Buffer = bytes | bytearray


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return a frame."""
    return HEAD.pack(len(payload) << 8 | kind, flags, stream) + payload


PING_FRAME = frame(PING, 0, 0, bytes(8))


def settings(values: dict[int, int]) -> bytes:
    """Return a SETTINGS frame."""
    return frame(SETTINGS, 0, 0, b"".join(SETTING.pack(*setting) for setting in values.items()))


def window_update(stream: int, more: int) -> bytes:
    """Return a WINDOW_UPDATE frame; stream 0 is the connection."""
    return frame(WINDOW_UPDATE, 0, stream, NUMBER.pack(more))


def reset(stream: int, code: int = CANCEL) -> bytes:
    """Return a RST_STREAM frame."""
    return frame(RST_STREAM, 0, stream, NUMBER.pack(code))


def goaway(code: int) -> bytes:
    """Return a GOAWAY frame: no stream of the server's was taken, as it may not open any."""
    return frame(GOAWAY, 0, 0, NUMBER.pack(0) + NUMBER.pack(code))


def number(payload: bytes, position: int = 0) -> int:
    """Return 32 bits of a payload; MALFORMED if there are fewer."""
    if len(payload) < position + 4:
        raise malformed("a frame is too short")
    return int(NUMBER.unpack_from(payload, position)[0])


def error_name(code: int) -> str:
    """Return what RFC 9113 calls an error code."""
    return _ERRORS[code] if code < len(_ERRORS) else f"error {code:#x}"


def content(kind: int, flags: int, payload: bytes) -> bytes:
    """Return what DATA or HEADERS hold, without padding and priority; MALFORMED if there is too much."""
    if flags & PADDED:
        if not payload or payload[0] >= len(payload):
            raise malformed("more padding than frame")
        payload = payload[1 : len(payload) - payload[0]]
    if kind == HEADERS and flags & PRIORITISED:
        payload = payload[5:]
    return payload


def malformed(what: str) -> WireError:
    """Return the error for what is not HTTP/2; it ends the connection."""
    return WireError(Outcome.MALFORMED, what)


class FrameTaker(Protocol):
    """What takes the frames."""

    def data(self, stream: int, data: Buffer, start: int, stop: int, ended: bool) -> None:
        """Take `data[start:stop]`, some or all of a DATA frame; `ended`: nothing more will come."""
        ...

    def frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        """Take any other frame, or a DATA frame with padding."""
        ...


class Cutter:
    """Cuts bytes into frames. DATA is handed on in pieces as it comes; all else is kept until it is whole."""

    __slots__ = ("_ends", "_left", "_rest", "_stream", "_taker")

    def __init__(self, taker: FrameTaker) -> None:
        self._taker = taker
        self._rest = b""
        self._left = 0  # bytes of a DATA frame still to come
        self._stream = 0
        self._ends = False

    def feed(self, data: Buffer, end: int) -> None:
        """Take `data[:end]`, which is not kept; MALFORMED for a frame that is longer than allowed."""
        position = 0
        taker = self._taker
        if self._left:
            position = min(self._left, end)
            self._left -= position
            taker.data(self._stream, data, 0, position, self._ends and not self._left)
        elif self._rest:
            data = self._rest + data[:end]
            end = len(data)
        while end - position >= 9:
            word, flags, stream = HEAD.unpack_from(data, position)
            start = position + 9
            position = start + (word >> 8)
            if word >> 8 > FRAME:
                raise malformed(f"a frame of {word >> 8} bytes")
            if not word & 0xFF and not flags & PADDED:
                if position > end:
                    self._left, self._stream = position - end, stream & LARGEST
                    self._ends = bool(flags & END_STREAM)
                    taker.data(self._stream, data, start, end, False)
                    position = end
                else:
                    ends = bool(flags & END_STREAM)
                    taker.data(stream & LARGEST, data, start, position, ends)
            elif position > end:
                position = start - 9
                break
            else:
                taker.frame(word & 0xFF, flags, stream & LARGEST, bytes(data[start:position]))
        self._rest = bytes(data[position:end])
