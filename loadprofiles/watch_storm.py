"""Watches opened at a rate, held, dropped, and opened again; with bursts, thousands at once.

    locust -f loadprofiles/watch_storm.py --rate 100 --hold-s 10

What it costs the server, and which claims it is for: docs/profiles/watches.md.
"""

from typing import ClassVar

from pydantic import Field, model_validator

from kubedrill.client.watching import MEDIA, EventKind, Events
from kubedrill.clock import SECOND, now
from kubedrill.load.collections import WatchedParameters, next_drop
from kubedrill.load.user import Arrival, KubernetesUser, RequestSeries, Result
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.stream import Streaming

OK = 200
HELD, AGAIN = 1, 2
"""Indices of the series of watches that have been held, and of those opened again after a drop."""


class WatchStormParameters(WatchedParameters):
    """What to watch, and for how long."""

    hold_s: float = Field(
        10.0, ge=0, le=3600, description="seconds that a watch is held before it is dropped"
    )
    drop_every_s: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="seconds after which all watches are dropped at one moment, and opened again at "
        "once, until each has been held for hold_s; 0: never",
    )
    initial_events: bool = Field(
        False, description="begin with every object; a watch is open when all of them have come"
    )

    @model_validator(mode="after")
    def _dropped_while_held(self) -> "WatchStormParameters":
        if self.drop_every_s and self.drop_every_s >= self.hold_s:
            raise ValueError(
                f"drop_every_s ({self.drop_every_s:g}) must be less than hold_s ({self.hold_s:g}): "
                "else no watch is there to be dropped"
            )
        return self


class WatchStorm(KubernetesUser):
    """Opens a watch on a connection of its own, each time an arrival is due."""

    series = (
        RequestSeries("open", "WATCH", "transaction"),
        RequestSeries("open.held", "WATCH", "part"),
        RequestSeries("open.again", "WATCH", "part"),
    )
    parameters = WatchStormParameters
    permissions: ClassVar = {"{resource}": "watch"}

    def prepare(self) -> None:
        """Make the request."""
        given = self.given
        assert isinstance(given, WatchStormParameters)
        self._given = given
        query = {"watch": "1", "allowWatchBookmarks": "true"}
        if given.initial_events:
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        path = given.asking(query)
        self._request = self.identity.request("GET", path, MEDIA[given.encoding])

    def transact(self, arrival: Arrival) -> Result:
        """Open a watch; it is held beside the arrivals."""
        stream, result = self._open(arrival.deadline)
        if stream is not None:
            until = now() + round(self._given.hold_s * SECOND)
            self.run_beside(self._hold, stream, until)
        return result

    def _open(self, deadline: int) -> tuple[Streaming | None, Result]:
        """Open a watch, with its initial events if they are wanted; WireError."""
        stream = self.open_stream(self._request, deadline)
        try:
            outcome = stream.status
            if outcome == OK and self._given.initial_events:
                outcome = self._take_initial(stream, deadline)
        except BaseException:
            self.close_stream(stream)
            raise
        result = Result(outcome, stream.first_byte, now(), stream.size, stream.peer)
        if outcome == OK:
            return stream, result
        self.close_stream(stream)
        return None, result

    def _take_initial(self, stream: Streaming, deadline: int) -> int:
        events = Events(self._given.encoding)
        try:
            while data := stream.receive(deadline):
                for event in events.feed(data):
                    if event.kind is EventKind.ERROR:
                        return event.code
                    if event.ends_initial:
                        return OK
                    self.count("initial events")
        except ValueError:
            return Outcome.MALFORMED
        return Outcome.EOF

    def _hold(self, stream: Streaming, until: int) -> None:
        """Take what comes until it is time to drop the watch, or the server does."""
        held: Streaming | None = stream
        while held is not None:
            drop = next_drop(self._given.drop_every_s, self.process.session.ahead)
            drop = min(drop, until)
            lasted = self._receive(held, drop)
            if not lasted or drop == until:
                return
            held = self._open_again(drop)

    def _receive(self, stream: Streaming, until: int) -> bool:
        """Take what comes, and close the watch; whether it lasted until then."""
        due = now()
        outcome: int = Outcome.RESTING  # held until the load's end: no answer is missing
        lasted = False
        try:
            while stream.receive(until):
                pass
            outcome = OK  # ended by the server, in order
        except WireError as error:
            lasted = error.outcome == Outcome.TIMEOUT
            outcome = OK if lasted else error.outcome
        finally:
            self.record(HELD, due, due, Result(outcome, 0, now(), stream.size, stream.peer))
            self.close_stream(stream)
        return lasted

    def _open_again(self, due: int) -> Streaming | None:
        started = now()
        try:
            with self.recorded_if_cut(AGAIN, due, started):
                stream, result = self._open(due + self.timeout)
        except WireError as error:
            stream, result = None, Result.failed(error)
        self.record(AGAIN, due, started, result)
        return stream
