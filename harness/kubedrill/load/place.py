"""Load: how far an informer has come, and the watch that it has open."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import gevent
from gevent.event import Event

from kubedrill.client.clientgo import Pauses
from kubedrill.client.watching import Encoding, Events, WatchEvent
from kubedrill.wire.streaming import Streaming

KEPT = 2048
"""Bytes of an event that an informer may keep while it is idle."""


@dataclass(slots=True)
class Place:
    """How far an informer has come."""

    begun: Event
    """It watches for the first time."""
    pauses: Pauses = field(default_factory=lambda: Pauses(gevent.sleep))
    last: WatchEvent | None = None
    """The last event, while nobody has asked for its version."""
    known: str = ""
    """The version, without that event."""
    gone: bool = False
    """The server would not begin anew at that version, or later."""
    taken: int = 0
    """Events of this watch."""
    seen: int = 0
    """When what was seen last was written, ns of the load's clock."""

    @property
    def version(self) -> str:
        """From where to go on; "" before everything has been taken once."""
        if self.last is not None:
            try:
                self.known = self.last.version
            except ValueError:
                pass  # what comes behind the version before comes once more
            self.last = None
        return self.known

    def reach(self, event: WatchEvent) -> None:
        """Go on behind that event. Its version is read when it is needed: once a watch, not once an event."""
        self.taken += 1
        self.last = event
        if len(event.raw) > KEPT:
            self.known = self.version

    def begin(self, version: str) -> None:
        """Go on behind that version, at which everything has been taken."""
        self.last, self.known, self.gone = None, version, False


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
        self.events: Iterator[WatchEvent] = self._arriving()

    def _arriving(self) -> Iterator[WatchEvent]:
        while data := self.stream.receive(self.until):
            yield from self._events.feed(data)
            del data  # else it is held while the watch is idle
