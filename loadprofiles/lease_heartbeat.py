"""What idle kubelets send: each node's Lease is renewed in turn, as its kubelet renews it.

    locust -f loadprofiles/lease_heartbeat.py --rate 100 --nodes 1000

What it costs the server, and which claims it is for: docs/profiles/lease-heartbeat.md.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

from pydantic import Field

from kubedrill.clock import now
from kubedrill.load.template import Object, Template, compact, head, placeholder
from kubedrill.load.user import Arrival, Parameters, RequestSeries, Result
from kubedrill.load.writing import OBJECT_BYTES, WritingUser, namespaces
from kubedrill.record.catalogue import Makes
from kubedrill.wire.response import Response

GROUP = "coordination.k8s.io/v1"
READ = 1
"""Index of the series of reads."""
OK = 200
DIGITS = 20
"""At most, of a resourceVersion: an unsigned 64-bit number."""
NO_VERSION = b'"resourceVersion":""'
RENEWED = b'"renewTime":"'
DURATION_S = 40
"""A kubelet's default; it renews at a quarter of that."""
KEEP = 2048
"""Bytes of an answer: more than a Lease has."""
_VERSION = re.compile(rb'"resourceVersion":"(\d+)"')


class LeaseHeartbeatParameters(Parameters):
    """Whose Leases."""

    nodes: int = Field(
        1000,
        ge=1,
        le=100_000,
        description="Leases that are renewed in turn; a kubelet renews every 10 s: a tenth of this is "
        "the rate of so many kubelets",
    )

    def makes(self) -> Sequence[Makes]:
        """Return the Leases, which are there before they are renewed."""
        return namespaces(1), Makes(OBJECT_BYTES, before=self.nodes)


class LeaseHeartbeat(WritingUser):
    """Renews one Lease, each time an arrival is due."""

    series = (
        RequestSeries("renew", "PUT", "transaction"),
        RequestSeries("renew.read", "GET", "part"),
    )
    parameters = LeaseHeartbeatParameters
    permissions: ClassVar = {
        "namespaces": "create",
        "leases.coordination.k8s.io": "create, get, update",
    }

    _known: ClassVar[dict[bytes, bytes]] = {}
    """The version of each Lease, by name, as its kubelet would know it."""

    def prepare(self) -> None:
        """Make the Leases."""
        given = self.given
        assert isinstance(given, LeaseHeartbeatParameters)
        self._nodes = given.nodes
        path = f"/apis/{GROUP}/namespaces/{self.make_namespaces(1)[0]}/leases"
        names = (self.name(number).decode() for number in range(given.nodes))
        self.once("leases", (("POST", path, self._lease(name)) for name in names))
        open_name = placeholder(self.name_length)
        self._body = Template(compact(self._lease(open_name)), self.name_length)
        length = len(self._renewal(b"?" * self.name_length, b""))
        path = f"{path}/{open_name}"
        self._put = Template(head(self.identity, "PUT", path, b" " * length), self.name_length)
        self._get = Template(self.identity.request("GET", path), self.name_length)

    def transact(self, arrival: Arrival) -> Result:
        """Renew the Lease of the next node, in the version that its kubelet saw last."""
        _, number = self.next_turn(self._nodes)
        name = self.name(number)
        version = self._known.pop(name, b"") or self._read(name, arrival)
        request = self._put.named(name) + self._renewal(name, version)
        response = self.send(request, arrival.deadline, KEEP)
        if response.status == OK:
            self._known[name] = _version(response)
        return Result.of(response, response.status)

    def _read(self, name: bytes, arrival: Arrival) -> bytes:
        """Return the version of a Lease, as a kubelet asks for it at first and after a failure."""
        request = self._get.named(name)
        response = self.send_part(READ, request, now(), arrival.deadline, KEEP)
        return _version(response)

    def _lease(self, name: str) -> Object:
        return {
            "apiVersion": GROUP,
            "kind": "Lease",
            "metadata": self.metadata(name, resourceVersion=""),
            "spec": {
                "holderIdentity": name,
                "leaseDurationSeconds": DURATION_S,
                "renewTime": _time(),
            },
        }

    def _renewal(self, name: bytes, version: bytes) -> bytes:
        """Return a Lease of now; of one length, by blanks at its end, whatever the version."""
        before, _, after = self._body.named(name).partition(NO_VERSION)
        middle, _, _ = after.rpartition(RENEWED)
        parts = (before, NO_VERSION[:-1], version, b'"', middle, RENEWED, _time().encode(), b'"}}')
        return b"".join(parts) + b" " * (DIGITS - len(version))


def _time() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _version(response: Response) -> bytes:
    found = _VERSION.search(response.head) if response.status == OK else None
    return found[1] if found else b""
