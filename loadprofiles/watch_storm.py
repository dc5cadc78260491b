"""Watches opened at a rate, held, dropped, and opened again; with bursts, thousands at once.

    locust -f loadprofiles/watch_storm.py --rate 100 --hold-s 10

What it costs the server, and which claims it is for: docs/profiles/watches.md.
"""

from pydantic import Field, model_validator

from kubedrill.load.collections import CollectionParameters
from kubedrill.load.lists import Encoding
from kubedrill.load.user import Arrival, KubernetesUser, Result, Series
from kubedrill.load.watching import MEDIA, Events, Kind
from kubedrill.record.clock import SECOND, now
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.stream import Stream

OK = 200
HELD = 1
"""Index of the series of watches that have been held."""


class WatchStormParameters(CollectionParameters):
    """What to watch, and for how long."""

    hold_s: float = Field(
        10.0, ge=0, le=3600, description="seconds that a watch is held before it is dropped"
    )
    initial_events: bool = Field(
        False, description="begin with every object; a watch is open when all of them have come"
    )
    encoding: Encoding = Field("json", description="what the server is asked for")

    @model_validator(mode="after")
    def _has_protobuf(self) -> "WatchStormParameters":
        if self.api and self.encoding == "protobuf":
            raise ValueError(
                'the server has no protobuf for custom resources; take encoding: "json"'
            )
        return self


class WatchStorm(KubernetesUser):
    """Opens a watch on a connection of its own, each time an arrival is due."""

    series = (Series("open", "WATCH", "transaction"), Series("open.held", "WATCH", "page"))
    parameters = WatchStormParameters

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
        stream = self.open_stream(self._request, arrival.deadline)
        try:
            outcome = stream.status
            if outcome == OK and self._given.initial_events:
                outcome = self._take_initial(stream, arrival.deadline)
        except BaseException:
            self.close_stream(stream)
            raise
        if outcome == OK:
            self.run_beside(self._hold, stream)
        else:
            self.close_stream(stream)
        return Result(outcome, stream.first_byte, now(), stream.size, stream.peer)

    def _take_initial(self, stream: Stream, deadline: int) -> int:
        events = Events(self._given.encoding)
        while data := stream.receive(deadline):
            for event in events.feed(data):
                if event.kind is Kind.ERROR:
                    return event.code
                if event.ends_initial:
                    return OK
                self.count("initial events")
        return Outcome.EOF

    def _hold(self, stream: Stream) -> None:
        """Take what comes until it is time to drop the watch, or the server does."""
        due = now()
        until = due + round(self._given.hold_s * SECOND)
        outcome: int = Outcome.CUT
        try:
            while stream.receive(until):
                pass
            outcome = OK  # ended by the server, in order
        except WireError as error:
            outcome = OK if error.outcome == Outcome.TIMEOUT else error.outcome
        finally:
            self.record(HELD, due, due, Result(outcome, 0, now(), stream.size, stream.peer))
            self.close_stream(stream)
