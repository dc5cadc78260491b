"""Clients that keep up with a collection by polling it, or by watching it: the same writes, either way.

    locust -f loadprofiles/poll_vs_watch.py --rate 20 --mode poll --clients 100 --interval-s 5

What it costs the server, and which claims it is for: docs/profiles/watches.md.
"""

import random
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import gevent
from gevent.event import Event
from pydantic import Field, model_validator

from kubedrill.client.watching import Stamps
from kubedrill.clock import SECOND, now
from kubedrill.load.informer import InformerClients, InformerParameters
from kubedrill.load.informing import LIST, OK
from kubedrill.wire.errors import WireError


@dataclass(slots=True)
class State:
    """What a poller knows."""

    version: str = ""
    found: set[int] = field(default_factory=set)
    """When what stands there was written."""


class PollVsWatchParameters(InformerParameters):
    """Who keeps up with what, and by what means."""

    mode: Literal["poll", "watch"] = Field("poll", description="LIST at an interval, or informers")
    interval_s: float = Field(5.0, ge=0.1, le=3600, description="seconds between a poller's LISTs")
    timing: Literal["jittered", "synchronised"] = Field(
        "jittered", description="each poller at a moment of its own, or all at the same"
    )

    @model_validator(mode="after")
    def _dropped_if_watching(self) -> "PollVsWatchParameters":
        if self.drop_every_s and self.mode == "poll":
            raise ValueError("drop_every_s is for watches: pollers have none; mode: watch has")
        return self


class PollVsWatch(InformerClients):
    """Writes to a collection, while pollers or informers keep up with it."""

    parameters = PollVsWatchParameters
    permissions: ClassVar = {"namespaces": "create", "configmaps": "create, update, list, watch"}

    def keep_up(self, client: int, begun: Event) -> None:
        """Poll or watch until killed."""
        given = self.given
        assert isinstance(given, PollVsWatchParameters)
        if given.mode == "watch":
            super().keep_up(client, begun)
        else:
            self._poll(round(given.interval_s * SECOND), given.timing == "jittered", begun)

    def prepare_clients(self) -> None:
        """Make the request of all pollers."""
        self._cached = self.list_request("0")

    def _poll(self, interval: int, jittered: bool, begun: Event) -> None:
        """LIST at every interval, whether the last one was slow or not; late ones at once."""
        # Within one interval from now: no write waits longer than that to be seen.
        at = now()
        wait = random.randrange(interval) if jittered else interval - at % interval  # noqa: S311
        due, state = at + wait, State()
        begun.set()
        try:
            while True:
                gevent.sleep(max(due - now(), 0) / SECOND)
                this, due = due, due + interval
                self._look(this, state)
        finally:
            at = now()
            for missed in range(due, at, interval):
                self.record(LIST, missed, at, self.unfinished(missed))
            self.miss(state.version)

    def _look(self, due: int, state: State) -> None:
        stamps = Stamps()
        try:
            response = self.list_once(due, self._cached, stamps.take)
        except WireError:
            return
        if response.status == OK:
            found = stamps.found
            for written in found - state.found:
                self.saw(written, 0)
            state.version, state.found = self.version_in(response) or state.version, found
