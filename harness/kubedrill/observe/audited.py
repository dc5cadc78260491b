"""Observe: one client of the auditor: how it writes, reads and lists keys over one route to the API."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, NamedTuple, TypeVar

from kubedrill.client.caller import Caller
from kubedrill.clock import SECOND, now
from kubedrill.record.audit import AnyAuditLine, Listed, Looked, Wrote
from kubedrill.record.cluster import AUDITOR, ClusterRecord, Endpoint
from kubedrill.record.folder import RunFolder
from kubedrill.record.labels import AUDITED, MANAGED
from kubedrill.record.lines import JsonLines
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import identity_target

TIMEOUT = SECOND
KEYS = f"/api/v1/namespaces/{AUDITED}/configmaps"
SELECTED = "labelSelector=app.kubernetes.io/managed-by%3Dkubedrill"
"""A namespace has ConfigMaps that others made, too."""

Line = TypeVar("Line", bound=AnyAuditLine)
Found = TypeVar("Found")


class AuditLog:
    """`audit.jsonl`, from any thread: each line has the number and the time of its writing."""

    def __init__(self, folder: RunFolder) -> None:
        self._lines = JsonLines(folder.audit)
        self._lock = Lock()
        self._number = self._last = 0

    def add(self, kind: type[Line], client: str, /, **told: Any) -> Line:
        """Write one line and return it; OSError if the disk is full."""
        with self._lock:
            self._last = max(now(), self._last + 1)
            line = kind(time=self._last, number=self._number, client=client, **told)
            self._lines.add(line)
            self._number += 1
        return line


@dataclass(frozen=True, slots=True)
class Route:
    """A route to the API, which is the client's name, and its own key's."""

    name: str
    """balancer | apiserver-ZONE"""
    endpoint: Endpoint


def routes_to(record: ClusterRecord) -> list[Route]:
    """Return the routes to a cluster's API: through the load balancer, and straight to each apiserver."""
    servers = record.of_kind("kube-apiserver")
    direct = [
        Route(f"apiserver-{server.zone or server.name}", server.serving) for server in servers
    ]
    return [Route("balancer", record.balancer), *direct]


class Shown(NamedTuple):
    """What an answer shows of a key."""

    version: int
    value: str


def shown(content: Any) -> Shown:
    """Return what an object of the API shows; KeyError, TypeError or ValueError if it is none of ours."""
    return Shown(int(content["metadata"]["resourceVersion"]), str(content["data"]["value"]))


class Client:
    """Calls over one route to the API, one after the other. Not for several threads at once."""

    def __init__(self, record: ClusterRecord, route: Route, log: AuditLog) -> None:
        self.name = route.name
        self._log = log
        target, token = identity_target(record, AUDITOR, route.endpoint)
        self._caller = Caller(target, token, user_agent="kubedrill-auditor")

    def make(self) -> None:
        """Make the client's own key where it is not there yet; whether that succeeds shows later."""
        try:
            self._send("POST", KEYS, _object(self.name, "0"), lambda _: None)
        except WireError:
            return

    def write(self, value: str, base: int) -> Wrote:
        """Give the client's own key a value if its version is still `base`."""
        began = now()
        path = f"{KEYS}/{self.name}?fieldManager=kubedrill"
        outcome, found = self._send("PUT", path, _object(self.name, value, base), shown)
        return self._log.add(
            Wrote,
            self.name,
            key=self.name,
            value=value,
            base=base,
            began=began,
            outcome=outcome,
            version=found.version if found else 0,
        )

    def look(self, key: str, *, cached: bool = False) -> Looked:
        """Read a key."""
        began = now()
        path = f"{KEYS}/{key}{'?resourceVersion=0' if cached else ''}"
        outcome, found = self._send("GET", path, None, shown)
        return self._log.add(
            Looked,
            self.name,
            key=key,
            cached=cached,
            began=began,
            outcome=outcome,
            version=found.version if found else 0,
            value=found.value if found else "",
        )

    def list(self) -> Listed | None:
        """Read all keys, and from which version on a watch tells the rest; None if nothing came."""
        began = now()
        _, found = self._send("GET", f"{KEYS}?{SELECTED}", None, _listed)
        if found is None:
            return None
        version, keys = found
        return self._log.add(Listed, self.name, began=began, version=version, keys=keys)

    def close(self) -> None:
        """Close the connection."""
        self._caller.close()

    def _send(
        self, method: str, path: str, content: Any, read: Callable[[Any], Found]
    ) -> tuple[int, Found | None]:
        """Return the outcome of a call and what its answer says; nothing but of a whole one of status 2xx."""
        body = b"" if content is None else json.dumps(content).encode()
        try:
            answer = self._caller.exchange(
                self._caller.request(method, path, body), now() + TIMEOUT
            )
        except WireError as error:
            return error.outcome, None
        if not 200 <= answer.status < 300:
            return answer.status, None
        try:
            return answer.status, read(json.loads(answer.body))
        except (KeyError, TypeError, ValueError):
            return Outcome.MALFORMED, None


def _listed(content: Any) -> tuple[int, dict[str, Shown]]:
    keys = {item["metadata"]["name"]: shown(item) for item in content["items"]}
    return int(content["metadata"]["resourceVersion"]), keys


def _object(name: str, value: str, base: int | None = None) -> dict[str, Any]:
    condition = {} if base is None else {"resourceVersion": str(base)}
    metadata = {"name": name, "namespace": AUDITED, "labels": MANAGED, **condition}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"value": value}}
