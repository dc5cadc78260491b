"""Streaming lists: a watch that begins with every object, and is complete at a bookmark that says so.

    locust -f loadprofiles/watch_list.py --rate 5 --resource pods --encoding protobuf

What it costs the server, and which claims it is for: docs/profiles/watches.md.
"""

from typing import ClassVar

from kubedrill.client.watching import MEDIA, EventKind, Events
from kubedrill.clock import now
from kubedrill.load.collections import WatchedParameters
from kubedrill.load.user import Arrival, KubernetesUser, RequestSeries, Result
from kubedrill.record.sample import Outcome

OK = 200
STREAMING = {
    "watch": "1",
    "sendInitialEvents": "true",
    "resourceVersionMatch": "NotOlderThan",
    "allowWatchBookmarks": "true",
}


class WatchList(KubernetesUser):
    """Streams a whole list, each time an arrival is due."""

    series = (RequestSeries("list", "WATCHLIST", "transaction"),)
    parameters = WatchedParameters
    permissions: ClassVar = {"{resource}": "watch"}

    def prepare(self) -> None:
        """Make the request."""
        given = self.given
        assert isinstance(given, WatchedParameters)
        self._encoding = given.encoding
        path = given.asking(STREAMING)
        self._request = self.identity.request("GET", path, MEDIA[given.encoding])

    def transact(self, arrival: Arrival) -> Result:
        """Watch until the bookmark at the end of the list; the watch is given up then."""
        events = Events(self._encoding)
        with self.stream(self._request, arrival.deadline) as stream:
            outcome = stream.status if stream.status != OK else Outcome.EOF
            while outcome == Outcome.EOF and (data := stream.receive(arrival.deadline)):
                try:
                    found = [
                        event
                        for event in events.feed(data)
                        if event.kind is EventKind.ERROR or event.ends_initial
                    ]
                except ValueError:
                    outcome = Outcome.MALFORMED
                    break
                if found:
                    outcome = found[0].code if found[0].kind is EventKind.ERROR else OK
            return Result(outcome, stream.first_byte, now(), stream.size, stream.peer)
