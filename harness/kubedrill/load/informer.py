"""Load: an informer: LIST or stream what is there, then watch; resumed where it was, or begun anew.

What it does after each failure is what the Reflector of client-go 0.37 does (tools/cache/reflector.go).
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Literal

import gevent
from gevent.event import Event
from pydantic import Field

from kubedrill.load.continuing import version_json, version_protobuf
from kubedrill.load.informing import LIST, LOST, OK, WATCH, Informing, InformingParameters
from kubedrill.load.user import Result
from kubedrill.load.watching import MEDIA, Events, Kind
from kubedrill.load.watching import Event as WatchEvent
from kubedrill.record.clock import SECOND, now
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.streaming import Streaming

TOO_MANY, GONE, TOO_LARGE = 429, 410, 504
"""Statuses; a version that the server does not have yet is answered with 504."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.8, 30.0
FORGOTTEN = 120 * SECOND
"""After so long without a pause the next one is short again."""
VERY_SHORT = SECOND
"""A watch that ends sooner, without an event, is not resumed: it might end like that for ever."""
IDLE = 3600 * SECOND
KEPT = 2048
"""Bytes of an event that an informer may keep while it is idle."""


class InformerParameters(InformingParameters):
    """Who keeps up with what, and how."""

    begin: Literal["stream", "list"] = Field(
        "stream",
        description='"stream": a watch that begins with every object, as client-go does since 1.35; '
        '"list": a LIST, then a watch',
    )
    watch_s: int = Field(
        300,
        ge=5,
        le=3600,
        description="seconds after which the server ends a watch, up to twice that, as client-go asks "
        "for; it is resumed at once",
    )


class Next(Enum):
    """What an informer does when its watch has ended."""

    RESUME = "watch from the last event, at once"
    WAIT = "watch from the last event, after a pause"
    ANEW = "take everything again, after a pause"


@dataclass(slots=True)
class Place:
    """How far an informer has come."""

    last: WatchEvent | None = None
    """The last event, while nobody has asked for its version."""
    known: str = ""
    """The version, without that event."""
    gone: bool = False
    """The server would not begin anew at that version, or later."""
    taken: int = 0
    """Events of this watch."""
    seen: int = 0
    """When what was seen last was written, monotonic ns."""

    @property
    def version(self) -> str:
        """From where to go on; "" if there is no telling."""
        if self.last is not None:
            try:
                self.known = self.last.version
            except ValueError:
                self.known = ""
            self.last = None
        return self.known

    def reach(self, event: WatchEvent) -> None:
        """Go on behind that event. Its version is read when it is needed: once a watch, not once an event."""
        self.taken += 1
        self.last = event
        if len(event.raw) > KEPT:
            self.known = self.version

    @property
    def at_least(self) -> str:
        """The version that what is taken anew must have reached; "": the most recent one."""
        return "" if self.gone else self.version


class Pauses:
    """Ever longer ones."""

    def __init__(self) -> None:
        self._next_s, self._last = FIRST_PAUSE_S, 0

    def take(self) -> None:
        """Sleep."""
        if now() - self._last > FORGOTTEN:
            self._next_s = FIRST_PAUSE_S
        gevent.sleep(self._next_s * random.uniform(1, 2))  # noqa: S311 - jitter
        self._next_s, self._last = min(self._next_s * 2, LONGEST_PAUSE_S), now()


class Arriving:
    """The events of a stream, as they come."""

    def __init__(self, stream: Streaming, events: Events) -> None:
        self.until = 0
        """When to give up, monotonic ns; 0: it may be idle."""
        self._stream, self._events = stream, events

    def __iter__(self) -> Iterator[WatchEvent]:
        while data := self._stream.receive(self.until or now() + IDLE):
            yield from self._events.feed(data)
            del data  # else it is held while the watch is idle


class Watching(Informing):
    """Clients are informers."""

    abstract = True
    parameters = InformerParameters

    def prepare_clients(self) -> None:
        """Make what all watches have in common."""
        given = self.given
        assert isinstance(given, InformerParameters)
        self._encoding = given.encoding
        self._streams = given.begin == "stream"
        self._watch_s = given.watch_s

    def keep_up(self, client: int, begun: Event) -> None:  # noqa: ARG002 - all are alike
        """Be an informer until killed."""
        place, pauses, following = Place(), Pauses(), Next.ANEW
        while True:
            anew = following is Next.ANEW
            if anew and not self._streams and not self._list(place):
                pauses.take()
                continue
            following = self._watch(place, begun, anew and self._streams)
            if following is not Next.RESUME:
                pauses.take()

    def _list(self, place: Place) -> bool:
        """LIST; whether there is a version now from which to watch."""
        response = self.list_once(now(), self.list_request(place.version or "0"))
        if response is not None and response.status in {GONE, TOO_LARGE} and place.version:
            response = self.list_once(now(), self.list_request(""))
        if response is None or response.status != OK:
            return False
        read = version_json if self._encoding == "json" else version_protobuf
        try:
            place.known, place.last, place.gone = read(response.head), None, False
        except ValueError:
            return False
        return True

    def _watch(self, place: Place, begun: Event, anew: bool) -> Next:
        """Watch until it ends."""
        due = now()
        try:
            stream = self.open_stream(self._request(place, anew), due + self.timeout)
        except WireError as error:
            self.record(WATCH, due, due, Result.failed(error))
            return Next.WAIT if error.outcome == Outcome.REFUSED and not anew else Next.ANEW
        try:
            self.record(WATCH, due, due, _so_far(stream, stream.status))
            if stream.status != OK:
                return _refused(place, stream.status, anew)
            return self._follow(stream, place, begun, due, anew)
        finally:
            self.close_stream(stream)

    def _follow(self, stream: Streaming, place: Place, begun: Event, due: int, anew: bool) -> Next:
        arriving = Arriving(stream, Events(self._encoding))
        events, initial, place.taken = iter(arriving), anew, 0
        outcome: int = OK
        try:
            if initial:
                arriving.until = due + self.timeout
                outcome = self._take_initial(events, place)
                if outcome == OK:
                    self.record(LIST, due, due, _so_far(stream, OK))
                    arriving.until, initial = 0, False
            if not initial:
                begun.set()
                outcome = self._take_all(events, place)
        except WireError as error:
            outcome = error.outcome
        except ValueError:
            outcome = Outcome.MALFORMED
        very_short = not place.taken and now() - due < VERY_SHORT
        following = self._lost(place, outcome, due, initial)
        return Next.ANEW if very_short and following is Next.RESUME else following

    def _lost(self, place: Place, outcome: int, due: int, initial: bool) -> Next:
        """Record that a watch has ended, and say what follows."""
        at = now()
        series, begun = (LIST, due) if initial else (LOST, at)
        self.record(series, begun, begun, Result(outcome, 0, at, 0))
        # A connection that broke is no reason to take everything again.
        if outcome in {OK, Outcome.EOF, Outcome.RESET, Outcome.TIMEOUT} and not initial:
            return Next.RESUME if place.version else Next.ANEW
        return _refused(place, outcome, initial)

    def _take_initial(self, events: Iterator[WatchEvent], place: Place) -> int:
        """Take every object, until the bookmark behind the last one; return the outcome."""
        seen = place.seen
        for event in events:
            if event.kind is Kind.ERROR:
                return event.code
            if event.ends_initial:
                place.reach(event)
                place.gone = False
                return OK if place.version else Outcome.MALFORMED
            written = event.written_at
            if seen and written is not None and written > seen:
                self._see(written, len(event.raw), place)  # missed while there was no watch
        return Outcome.EOF

    def _take_all(self, events: Iterator[WatchEvent], place: Place) -> int:
        """Take what is written, until the watch ends; return the outcome."""
        for event in events:
            if event.kind is Kind.ERROR:
                return event.code
            place.reach(event)
            written = event.written_at
            if written is not None:
                self._see(written, len(event.raw), place)
            del event  # as above
        return OK

    def _see(self, written: int, size: int, place: Place) -> None:
        place.seen = max(place.seen, written)
        self.saw(written, size)

    def _request(self, place: Place, anew: bool) -> bytes:
        seconds = random.randint(self._watch_s, 2 * self._watch_s)  # noqa: S311 - jitter
        query = f"watch=1&allowWatchBookmarks=true&timeoutSeconds={seconds}"
        if anew:
            query += "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
        version = place.at_least if anew else place.version
        if version:
            query += f"&resourceVersion={version}"
        return self.identity.request("GET", f"{self.collection}?{query}", MEDIA[self._encoding])


def _so_far(stream: Streaming, outcome: int) -> Result:
    return Result(outcome, stream.first_byte, now(), stream.size, stream.peer)


def _refused(place: Place, outcome: int, anew: bool) -> Next:
    if outcome == TOO_MANY and not anew:
        return Next.WAIT
    # Gone for a watch may be there for a list: that takes any later version as well.
    place.gone = anew and outcome in {GONE, TOO_LARGE}
    return Next.ANEW
