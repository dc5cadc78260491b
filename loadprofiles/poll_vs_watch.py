"""Clients that keep up with a collection by polling it, or by watching it: the same writes, either way.

    locust -f loadprofiles/poll_vs_watch.py --rate 20 --mode poll --clients 100 --interval-s 5

What it costs the server, and which claims it is for: docs/profiles/watches.md.
"""

import random
import re
from typing import ClassVar, Literal

import gevent
from gevent.event import Event
from pydantic import Field

from kubedrill.load.informer import InformerParameters, Watching
from kubedrill.load.informing import OK
from kubedrill.load.lists import WHOLE
from kubedrill.record.clock import SECOND, now

_WRITTEN = re.compile(rb'kubedrill\.io/written-at(?:":"|\x12\x14)(\d{20})')
"""The annotation as JSON and as protobuf have it."""
NEVER = b"9" * 20


class PollVsWatchParameters(InformerParameters):
    """Who keeps up with what, and by what means."""

    mode: Literal["poll", "watch"] = Field("poll", description="LIST at an interval, or informers")
    interval_s: float = Field(5.0, ge=0.1, le=3600, description="seconds between a poller's LISTs")
    timing: Literal["jittered", "synchronised"] = Field(
        "jittered", description="each poller at a moment of its own, or all at the same"
    )


class PollVsWatch(Watching):
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

    def _poll(self, interval: int, jittered: bool, begun: Event) -> None:
        """LIST at every interval, whether the last one was slow or not; late ones at once."""
        # Within one interval from now: no write waits longer than that to be seen.
        at = now()
        wait = random.randrange(interval) if jittered else interval - at % interval  # noqa: S311
        due = at + wait
        known: set[bytes] = set()
        begun.set()
        while True:
            gevent.sleep(max(due - now(), 0) / SECOND)
            response = self.list_once(due, keep=WHOLE)
            if response is not None and response.status == OK:
                found = set(_WRITTEN.findall(response.head))
                for written in found - known - {NEVER}:
                    self.saw(int(written), 0)
                known = found
            due += interval
