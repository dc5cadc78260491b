"""Observe: one probe, asked and judged, in a greenlet of its own."""

import json
import re
from dataclasses import dataclass

from kubedrill.client.greenlets.pool import HeldTimes, Pool
from kubedrill.client.targets import Targets
from kubedrill.clock import now
from kubedrill.observe.staleness import ProbeObjects
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.labels import MANAGED, NAMESPACE, PROBED
from kubedrill.record.probing import Lane
from kubedrill.record.sample import Outcome
from kubedrill.wire.connection import Connection
from kubedrill.wire.errors import WireError
from kubedrill.wire.request import prepare
from kubedrill.wire.response import Response
from kubedrill.wire.target import identity_target

PATH = "/api/v1/namespaces/kubedrill/configmaps"
_SUFFIX = {"read": "", "stale-read": "?resourceVersion=0", "write": "?fieldManager=kubedrill"}
_VERSION = re.compile(rb'"resourceVersion":"(\d+)"')


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of one probe; times in monotonic ns."""

    outcome: int
    """HTTP status or record.sample.Outcome; a 2xx is a whole and valid answer."""
    first_byte: int
    """0 if none came."""
    end: int
    size: int
    """Bytes of the body."""
    staleness: int = 0
    """ns; of reads only."""


class Probe:
    """Asks the question of one series, as often as `ask` is called; calls may overlap."""

    def __init__(
        self, record: ClusterRecord, series: Lane, objects: ProbeObjects, keep: int
    ) -> None:
        target, self._token = identity_target(record, series.identity, series.endpoint)
        self._host = record.server_name
        self._verb = series.verb
        self._keep = keep if series.connection == "kept" else 0
        self._pool = Pool(target, Targets(), HeldTimes(), kept=self._keep > 0, in_turn=self._keep)
        self._objects = objects
        self._reads = [self._prepare("GET", name) for name in PROBED]

    @property
    def bytes_in(self) -> int:
        """Received so far, TLS included."""
        return self._pool.bytes_in

    @property
    def bytes_out(self) -> int:
        """Sent so far, TLS included."""
        return self._pool.bytes_out

    def warm_up(self, deadline: int) -> None:
        """Open the kept connections and ask once on each; whether that succeeds does not matter."""
        try:
            if self._keep:
                self._pool.warm_up(deadline)
        except WireError:
            return
        for _ in range(max(1, self._keep)):
            self.ask(now(), deadline)

    def ask(self, started: int, deadline: int) -> Probed:
        """Probe once, from `started` on, until `deadline` at the latest (monotonic ns)."""
        number = self._objects.next_for(self._verb)
        try:
            connection = self._pool.take(deadline)
        except WireError as error:
            return Probed(error.outcome, error.first_byte, now(), 0)
        try:
            response = self._exchange(connection, number, deadline)
        except WireError as error:
            return Probed(error.outcome, error.first_byte, now(), 0)
        finally:
            self._pool.give(connection)
        return self._judge(response, number, started, deadline)

    def _exchange(self, connection: Connection, number: int, deadline: int) -> Response:
        if self._verb == "write":
            request = self._prepare("PUT", PROBED[number], _body(PROBED[number], now()))
        else:
            request = self._reads[number]
        return connection.exchange(request, deadline, keep_body=True)

    def _judge(self, response: Response, number: int, started: int, deadline: int) -> Probed:
        outcome, staleness = response.status, 0
        if response.end > deadline:  # whole, but seen too late: this process was not scheduled
            outcome = Outcome.TIMEOUT
        elif 200 <= outcome < 300:
            version = _VERSION.search(response.body)
            if version is None:
                outcome = Outcome.MALFORMED
            elif self._verb == "write":
                self._objects.add(number, int(version[1]), response.end)
            else:
                staleness = self._objects.staleness(number, int(version[1]), started)
        return Probed(outcome, response.first_byte, response.end, response.size, staleness)

    def _prepare(self, method: str, name: str, body: bytes = b"") -> bytes:
        return prepare(
            method,
            f"{PATH}/{name}{_SUFFIX[self._verb]}",
            self._host,
            token=self._token,
            user_agent="kubedrill-prober",
            body=body,
        )


def _body(name: str, value: int) -> bytes:
    # Without a resourceVersion an update is unconditional: no probe is refused for another one.
    metadata = {
        "name": name,
        "namespace": NAMESPACE,
        "labels": MANAGED,
    }
    probe = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": {"written": str(value)},
    }
    return json.dumps(probe).encode()
