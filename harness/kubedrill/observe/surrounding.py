"""Observe: what stands in a cluster beside what the drill makes: names only. surrounding.jsonl."""

import json
import threading
from collections.abc import Iterable, Iterator
from typing import Any, Literal
from urllib.parse import quote

from kubedrill.client.caller import Caller
from kubedrill.clock import SECOND, now
from kubedrill.observe.in_turn import METADATA
from kubedrill.observe.ticks import wait_until
from kubedrill.record.cluster import AUDITOR, ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.labels import RUN
from kubedrill.record.lines import JsonLines
from kubedrill.record.sample import outcome_name
from kubedrill.record.surrounding import Surrounding
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import identity_target

TIMEOUT = 5 * SECOND
INSIDE = ("pods", "configmaps", "services")
"""Looked at in each namespace that no drill has made."""
_OTHERS = "labelSelector=" + quote(f"!{RUN}")
_PUBLISHED = "kube-root-ca.crt"
"""A controller makes this ConfigMap in each namespace, when it comes to it."""


class Surroundings:
    """Lists namespaces and nodes, and some kinds of objects in the namespaces that are no drill's."""

    def __init__(self, folder: RunFolder, record: ClusterRecord) -> None:
        target, token = identity_target(record, AUDITOR)
        self._caller = Caller(target, token, user_agent="kubedrill-auditor")
        self._lines = JsonLines(folder.surrounding)

    def run(self, times: Iterable[int], ended: threading.Event) -> None:
        """Look before the drill, now, and after it: the last of `times`, unless it is `ended` before."""
        self.look("before")
        [end] = times
        if wait_until(end, ended):
            self.look("after")

    def look(self, when: Literal["before", "after"]) -> None:
        """Write what is there now, or why that is not known; OSError if the disk is full."""
        there: dict[str, tuple[str, ...]] = {}
        owners: dict[str, str] = {}
        begun, error = now(), ""
        try:
            for kind in ("namespaces", "nodes"):
                there[kind] = tuple(map(_name, self._found(f"/api/v1/{kind}")))
            for kind in INSIDE:
                found = [
                    metadata
                    for namespace in there["namespaces"]
                    for metadata in self._found(f"/api/v1/namespaces/{namespace}/{kind}")
                ]
                there[kind] = tuple(map(_name, found))
                owners |= dict(_owners(found)) if kind == "pods" else {}
        except WireError as broken:
            error = outcome_name(broken.outcome)
        except (KeyError, TypeError, ValueError) as refused:
            error = str(refused)
        self._caller.close()
        look = Surrounding(time=begun, when=when, there=there, error=error, owners=owners)
        self._lines.add(look)

    def _found(self, path: str) -> list[Any]:
        """Return the metadata of what is there and is no drill's."""
        request = self._caller.request("GET", f"{path}?{_OTHERS}", accept=METADATA)
        answer = self._caller.ask(request, now() + TIMEOUT)
        if answer.status != 200:
            raise ValueError(f"GET {path}: {outcome_name(answer.status)}")
        items = json.loads(answer.body)["items"] or ()  # of none it is null
        return [item["metadata"] for item in items if item["metadata"]["name"] != _PUBLISHED]


def _name(metadata: Any) -> str:
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def _owners(pods: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Yield the pods that a controller makes, and which one."""
    for metadata in pods:
        for owner in metadata.get("ownerReferences") or ():
            if owner.get("controller"):
                yield _name(metadata), f"{metadata['namespace']}/{owner['kind']}/{owner['name']}"
