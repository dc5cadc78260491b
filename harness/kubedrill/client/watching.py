"""Client: the events of a watch, told apart without decoding the objects in them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from kubedrill.client.protobuf import enveloped, field
from kubedrill.wire.stream import Streaming

Encoding = Literal["json", "protobuf"]
"""What the server is asked for."""

WRITTEN_AT = "kubedrill.io/written-at"
"""Annotation: when an object was written, monotonic ns of the load's clock, DIGITS digits."""
DIGITS = 20
NEVER = "9" * DIGITS
"""Stands for that time where there has been no write."""

MEDIA = {
    "json": "application/json",
    "protobuf": "application/vnd.kubernetes.protobuf;stream=watch",
}
LARGEST = 64 * 1024 * 1024
"""Bytes of one event; more is no watch."""

_INITIAL_END = b"k8s.io/initial-events-end"
_NEVER = NEVER.encode("ascii")
_WRITTEN_JSON = re.compile(rb'"kubedrill\.io/written-at":"(\d+)"')
_WRITTEN_PROTOBUF = re.compile(rb"kubedrill\.io/written-at\x12\x14(\d{20})")
_WRITTEN = re.compile(rb'kubedrill\.io/written-at(?:":"|\x12\x14)(\d{20})')
_OVERLAP = 64
"""Bytes of a piece that are looked at again with the next one: more than such an annotation has."""
_VERSION = re.compile(rb'"resourceVersion":"(\d+)"')
_CODE = re.compile(rb'"code":(\d{3})')


class EventKind(Enum):
    """What an event says."""

    ADDED = b"ADDED"
    MODIFIED = b"MODIFIED"
    DELETED = b"DELETED"
    BOOKMARK = b"BOOKMARK"
    ERROR = b"ERROR"


_KINDS = {kind.value: kind for kind in EventKind}


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One event, as it came."""

    kind: EventKind
    raw: bytes
    encoding: Encoding

    @property
    def ends_initial(self) -> bool:
        """Whether it is the bookmark after which a streamed list is complete."""
        return self.kind is EventKind.BOOKMARK and _INITIAL_END in self.raw

    @property
    def written_at(self) -> int | None:
        """When what it shows was written, if the object says so."""
        pattern = _WRITTEN_JSON if self.encoding == "json" else _WRITTEN_PROTOBUF
        found = pattern.search(self.raw)
        return int(found[1]) if found and found[1] != _NEVER else None

    @property
    def version(self) -> str:
        """The object's resourceVersion; ValueError if it has none."""
        if self.encoding == "json":
            # Before labels and annotations in the order in which the server writes an object.
            found = _VERSION.search(self.raw)
            version = found[1].decode("ascii") if found else ""
        else:
            # ObjectMeta is field 1 of every object, its resourceVersion field 6.
            version = field(field(_object(self.raw), 1), 6).decode("ascii")
        if not version:
            raise ValueError("an event without a resourceVersion")
        return version

    @property
    def message(self) -> bytes:
        """The object, where it came as protobuf; ValueError if it did not."""
        return _object(self.raw)

    @property
    def code(self) -> int:
        """The status of an ERROR; 500 if it has none."""
        if self.encoding == "protobuf":
            return _status_code(_object(self.raw))
        found = _CODE.search(self.raw)
        return int(found[1]) if found else 500


class Events:
    """Cuts a watch's body into events; `feed` with pieces of any size. ValueError for what is none."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding: Encoding = encoding
        self._cut: Callable[[bytes], tuple[list[bytes], bytes, int]] = (
            _lines if encoding == "json" else _frames
        )
        self._pieces: list[bytes] = []  # of an event that is not whole yet
        self._held = 0
        self._needed = 0

    def feed(self, data: bytes) -> Iterator[WatchEvent]:
        """Yield the events that are whole now."""
        self._pieces.append(data)
        self._held += len(data)
        # Looked at only when it may be whole: a large event is not copied anew with each of its pieces.
        if self._held < self._needed or (self._encoding == "json" and b"\n" not in data):
            self._check(self._held)
            return
        raws, rest, self._needed = self._cut(b"".join(self._pieces))
        self._pieces, self._held = [rest] if rest else [], len(rest)
        for raw in raws:
            yield WatchEvent(_kind(raw, self._encoding), raw, self._encoding)
        self._check(max(self._held, self._needed))

    def _check(self, size: int) -> None:
        if size > LARGEST:
            raise ValueError(f"an event of a watch of {size} bytes")


class Watch:
    """An open watch: its events, as they come."""

    def __init__(self, stream: Streaming, encoding: Encoding, started: int, due: int) -> None:
        self.stream = stream
        self.started = started
        """When it was asked for first, or all that there is had come; monotonic ns."""
        self.due = due
        """When it was asked for, the time that it was opened."""
        self.until = 0
        """When to give up, monotonic ns; said before its events are taken."""
        self._events = Events(encoding)
        self.events: Iterator[WatchEvent | None] = self._arriving()
        """None: whoever asks for the next one waits until something comes."""

    def _arriving(self) -> Iterator[WatchEvent | None]:
        while True:
            yield None
            data = self.stream.receive(self.until)
            if not data:
                return
            yield from self._events.feed(data)
            del data  # else it is held while the watch is idle


class Stamps:
    """When what stands in a list was written; its body comes piece by piece, and is not kept."""

    def __init__(self) -> None:
        self._found: set[bytes] = set()
        self._last = b""

    def take(self, piece: bytes) -> None:
        """Take the next piece."""
        data = self._last + piece
        self._found.update(_WRITTEN.findall(data))
        self._last = data[-_OVERLAP:]

    @property
    def found(self) -> set[int]:
        """The times so far, ns of the load's clock."""
        return {int(stamp) for stamp in self._found if stamp != _NEVER}


def _lines(data: bytes) -> tuple[list[bytes], bytes, int]:
    *whole, rest = data.split(b"\n")
    return [line for line in whole if line], rest, 0


def _frames(data: bytes) -> tuple[list[bytes], bytes, int]:
    frames, position, needed = [], 0, 4
    while len(data) - position >= 4:
        end = position + 4 + int.from_bytes(data[position : position + 4], "big")
        if end > len(data):
            needed = end - position
            break
        frames.append(data[position + 4 : end])
        position = end
    return frames, data[position:], needed


def _kind(raw: bytes, encoding: Encoding) -> EventKind:
    if encoding == "json":
        name = raw[9 : raw.find(b'"', 9)]
    else:  # WatchEvent.type is field 1, and stands first
        name = raw[2 : 2 + raw[1]] if raw[:1] == b"\n" and len(raw) > 1 else b""
    kind = _KINDS.get(name)
    if kind is None:
        raise ValueError(f"no event of a watch: {raw[:40]!r}")
    return kind


def _object(raw: bytes) -> bytes:
    # WatchEvent.object is a RawExtension, whose field 1 is the object in its envelope.
    return enveloped(field(field(raw, 2), 1))


def _status_code(status: bytes) -> int:
    # Status.code is field 6, a number; what comes before it are strings and messages.
    found = re.search(rb"\x30([\x80-\xff][\x00-\x7f])", status)
    return (found[1][0] & 0x7F) | found[1][1] << 7 if found else 500
