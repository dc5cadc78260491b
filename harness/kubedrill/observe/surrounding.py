"""Observe: what stands in a cluster beside what the drill makes: names only. surrounding.jsonl."""

import json
from typing import Any, Literal
from urllib.parse import quote

from kubedrill.client.caller import Caller
from kubedrill.clock import SECOND, now
from kubedrill.observe.in_turn import METADATA
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

    def look(self, when: Literal["before", "after"]) -> None:
        """Write what is there now, or why that is not known; OSError if the disk is full."""
        there: dict[str, tuple[str, ...]] = {}
        begun, error = now(), ""
        try:
            for kind in ("namespaces", "nodes"):
                there[kind] = self._names(f"/api/v1/{kind}?{_OTHERS}")
            for kind in INSIDE:
                there[kind] = tuple(
                    name
                    for namespace in there["namespaces"]
                    for name in self._names(f"/api/v1/namespaces/{namespace}/{kind}?{_OTHERS}")
                )
        except WireError as broken:
            error = outcome_name(broken.outcome)
        except (KeyError, TypeError, ValueError) as refused:
            error = str(refused)
        self._caller.close()
        self._lines.add(Surrounding(time=begun, when=when, there=there, error=error))

    def _names(self, path: str) -> tuple[str, ...]:
        answer = self._caller.ask(
            self._caller.request("GET", path, accept=METADATA), now() + TIMEOUT
        )
        if answer.status != 200:
            raise ValueError(f"GET {path}: {outcome_name(answer.status)}")
        items = json.loads(answer.body)["items"] or ()  # of none it is null
        found = (_name(item["metadata"]) for item in items)
        return tuple(name for name in found if not name.endswith(f"/{_PUBLISHED}"))


def _name(metadata: Any) -> str:
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])
