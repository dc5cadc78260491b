"""Observe: how many nodes are not ready: nodes.jsonl. Only where somebody asks."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from kubedrill.clock import now
from kubedrill.observe.in_turn import InTurn, Looks
from kubedrill.record.cluster import AUDITOR, ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.labels import ZONE
from kubedrill.record.lines import JsonLines
from kubedrill.record.watched import NodeLook

EVERY_S = 1.0

PATH = "/api/v1/nodes?resourceVersion=0&includeObject=Metadata"
"""From the watch cache: a node's objects are not read from etcd each second."""
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
"""What `kubectl get nodes` shows, a row a node, and its name: a node's whole status is 100 times as long."""


class Nodes(Looks):
    """Asks for the table of nodes, a line a round."""

    def __init__(self, folder: RunFolder, record: ClusterRecord) -> None:
        # Who may list nodes already, for what changed besides.
        super().__init__(InTurn(record, AUDITOR), JsonLines(folder.nodes))

    def _look(self) -> NodeLook:
        begun = now()
        rows, error = self._servers.ask(PATH, TABLE, _rows)
        found = rows or ()
        return NodeLook(
            time=begun,
            took_us=(now() - begun) // 1000,
            nodes=len(found),
            not_ready=tuple(row.name for row in found if not row.ready),
            zones=by_zone(found),
            error=error,
        )


class NodeRow(NamedTuple):
    """A node, as a row of the table has it."""

    name: str
    ready: bool
    zone: str
    """"" if it says none."""


def by_zone(rows: Iterable[NodeRow]) -> dict[str, tuple[int, int]]:
    """Return how many nodes of each zone are ready, and how many there are."""
    zones: dict[str, tuple[int, int]] = {}
    for row in rows:
        ready, there = zones.get(row.zone, (0, 0))
        zones[row.zone] = ready + row.ready, there + 1
    return zones


def _rows(body: bytes) -> list[NodeRow]:
    return [*readiness(json.loads(body))]


def readiness(table: Any) -> Iterator[NodeRow]:
    """Yield the nodes of a table; KeyError, ValueError if it is none.

    The printed status is `Ready`, `NotReady` or `Unknown`, and what else there is behind a comma:
    `Ready,SchedulingDisabled`.
    """
    column = [each["name"] for each in table["columnDefinitions"]].index("Status")
    for row in table["rows"] or ():  # of none it is null
        metadata = row["object"]["metadata"]
        zone = metadata.get("labels", {}).get(ZONE, "")
        yield NodeRow(metadata["name"], row["cells"][column].split(",")[0] == "Ready", zone)
