"""Wire: frames (RFC 9113): what they look like, and how bytes are cut into them."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

(
    DATA,
    HEADERS,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    PUSH_PROMISE,
    PING,
    GOAWAY,
    WINDOW_UPDATE,
    CONTINUATION,
) = range(10)
END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
PRIORITISED = 0x20

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE = range(
    1, 6
)
"""Settings."""
NO_ERROR, FLOW_CONTROL_ERROR, REFUSED_STREAM, CANCEL = 0, 3, 7, 8
"""Error codes."""

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEAD = 9
_NUMBER = struct.Struct(">I")
_SETTING = struct.Struct(">HI")


class Frame(NamedTuple):
    """One frame; its payload is valid until the next one is cut."""

    kind: int
    flags: int
    stream: int
    payload: memoryview


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return a frame."""
    return b"".join(
        (_NUMBER.pack(len(payload) << 8 | kind), bytes([flags]), _NUMBER.pack(stream), payload)
    )


def settings(values: dict[int, int]) -> bytes:
    """Return a SETTINGS frame."""
    return frame(SETTINGS, 0, 0, b"".join(_SETTING.pack(*one) for one in values.items()))


def read_settings(payload: memoryview) -> dict[int, int]:
    """Return the settings of a SETTINGS frame; ValueError if it is broken."""
    if len(payload) % _SETTING.size:
        raise ValueError("SETTINGS of a wrong length")
    return {name: value for name, value in _SETTING.iter_unpack(payload)}


def number(payload: memoryview, position: int = 0) -> int:
    """Return 31 bits of a payload; ValueError if there are fewer."""
    if len(payload) < position + 4:
        raise ValueError("a frame is too short")
    return int(_NUMBER.unpack_from(payload, position)[0]) & 0x7FFFFFFF


def window_update(stream: int, more: int) -> bytes:
    """Return a WINDOW_UPDATE frame."""
    return frame(WINDOW_UPDATE, 0, stream, _NUMBER.pack(more))


def reset(stream: int, code: int = CANCEL) -> bytes:
    """Return a RST_STREAM frame."""
    return frame(RST_STREAM, 0, stream, _NUMBER.pack(code))


class Cutter:
    """Cuts what arrives into frames; ValueError for one that is longer than allowed."""

    __slots__ = ("_largest", "_rest")

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._rest = bytearray()

    def feed(self, data: memoryview) -> Iterator[Frame]:
        """Yield the frames that are whole now; what is left is kept."""
        if self._rest:
            self._rest += data
            whole = memoryview(bytes(self._rest))
        else:
            whole = data
        position, length = 0, len(whole)
        while length - position >= HEAD:
            size_and_kind = _NUMBER.unpack_from(whole, position)[0]
            size = size_and_kind >> 8
            if size > self._largest:
                raise ValueError(f"a frame of {size} bytes")
            end = position + HEAD + size
            if end > length:
                break
            stream = number(whole, position + 5)
            yield Frame(
                size_and_kind & 0xFF, whole[position + 4], stream, whole[position + HEAD : end]
            )
            position = end
        self._rest = bytearray(whole[position:])


def content(one: Frame) -> memoryview:
    """Return what a DATA or HEADERS frame holds, without padding and priority; ValueError if broken."""
    payload = one.payload
    if one.flags & PADDED:
        if not payload or payload[0] >= len(payload):
            raise ValueError("more padding than frame")
        payload = payload[1 : len(payload) - payload[0]]
    if one.kind == HEADERS and one.flags & PRIORITISED:
        payload = payload[5:]
    return payload
