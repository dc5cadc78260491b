"""Events made at a rate, repeated ones counted up by a patch, as a kubelet's recorder sends them.

    locust -f loadprofiles/event_storm.py --rate 200 --distinct 100

What it costs the server, and which claims it is for: docs/profiles/event-storm.md.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

from pydantic import Field

from kubedrill.clock import now
from kubedrill.load.template import Object, Template, compact, head, placeholder
from kubedrill.load.user import Arrival, Parameters, RequestSeries, Result
from kubedrill.load.writing import NOT_FOUND, OBJECT_BYTES, WritingUser, namespaces
from kubedrill.record.catalogue import Makes

PATCH = "application/strategic-merge-patch+json"
DIGITS = 9
"""Of a count, in a body of one length."""
CREATED, PATCHED = 1, 2
"""The series of the requests, by index."""


class EventStormParameters(Parameters):
    """Which Events."""

    distinct: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="different Events, which come again in turn, each time as a patch of its count; "
        "0: every arrival makes a new one",
    )
    namespaces: int = Field(
        1, ge=1, le=10_000, description="namespaces, made before the load, filled in turn"
    )
    message_bytes: int = Field(
        100, ge=0, le=1024, description="bytes of each message; the API takes 1024"
    )

    def makes(self) -> Sequence[Makes]:
        """Return one an arrival, until all are there that are different."""
        made = Makes(self.message_bytes + OBJECT_BYTES, each=1, most=self.distinct or None)
        return namespaces(self.namespaces), made


class EventStorm(WritingUser):
    """Makes an Event or counts one up, each time an arrival is due."""

    series = (
        RequestSeries("event", "POST", "transaction"),
        RequestSeries("event.create", "POST", "part"),
        RequestSeries("event.patch", "PATCH", "part"),
    )
    parameters = EventStormParameters
    permissions: ClassVar = {"namespaces": "create", "events": "create, patch"}

    def prepare(self) -> None:
        """Make the namespaces, and a request for each of them."""
        given = self.given
        assert isinstance(given, EventStormParameters)
        self._given = given
        name, length = placeholder(self.name_length), self.name_length
        patch = self._patch_body(1)
        self._creates, self._patches = [], []
        for namespace in self.make_namespaces(given.namespaces):
            path = f"/api/v1/namespaces/{namespace}/events"
            body = compact(self._event(name, namespace)).replace(b'"count":1', _count(1))
            self._creates.append(Template(head(self.identity, "POST", path, body) + body, length))
            begin = head(self.identity, "PATCH", f"{path}/{name}", patch, content_type=PATCH)
            self._patches.append(Template(begin, length))

    def transact(self, arrival: Arrival) -> Result:
        """Send one Event: a new one, or one more of its kind."""
        rounds, which = self.next_turn(self._given.distinct)
        name, namespace, due = self.name(which), which % len(self._creates), arrival.due
        if rounds:
            request = self._patches[namespace].named(name) + self._patch_body(rounds + 1)
            response = self.send_part(PATCHED, request, due, arrival.deadline)
            if response.status != NOT_FOUND:
                return Result.of(response, response.status)
            due = now()  # it has expired, and is made anew with the count that it has reached
        made = self._creates[namespace].named(name).replace(_count(1), _count(rounds + 1))
        response = self.send_part(CREATED, made, due, arrival.deadline)
        return Result.of(response, response.status)

    def _event(self, name: str, namespace: str) -> Object:
        given = self._given
        at = _time()
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": self.metadata(name),
            "involvedObject": {
                "apiVersion": "v1",
                "kind": "Pod",
                "name": name,
                "namespace": namespace,
            },
            "reason": "BackOff",
            "message": ("Back-off restarting failed container main in pod " * 21)[
                : given.message_bytes
            ],
            "type": "Warning",
            "source": {"component": "kubelet", "host": "kubedrill"},
            "firstTimestamp": at,
            "lastTimestamp": at,
            "count": 1,
        }

    @staticmethod
    def _patch_body(count: int) -> bytes:
        """Return the patch; of one length, by blanks, whatever the count."""
        return b"{" + _count(count) + f',"lastTimestamp":"{_time()}"}}'.encode("ascii")


def _count(count: int) -> bytes:
    return f'"count":{count:<{DIGITS}}'.encode("ascii")


def _time() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
