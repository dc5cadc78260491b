"""Observe: how many nodes are not ready: nodes.jsonl. Only where somebody asks."""

import json
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from kubedrill.client.caller import Caller
from kubedrill.clock import MILLISECOND, now
from kubedrill.observe.ticks import missed, wait_until
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines
from kubedrill.record.sample import outcome_name
from kubedrill.record.watched import NodeLook
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import identity_target

EVERY_S = 1.0
TIMEOUT = 900 * MILLISECOND
"""An apiserver that does not answer within this time is given up for another one."""

_PATH = "/api/v1/nodes?resourceVersion=0&includeObject=Metadata"
"""From the watch cache: a node's objects are not read from etcd each second."""
_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
"""What `kubectl get nodes` shows, a row a node, and its name: a node's whole status is 100 times as long."""


class Nodes:
    """Asks one apiserver for the table of nodes, a line a round; another apiserver after it failed once."""

    def __init__(self, folder: RunFolder, record: ClusterRecord) -> None:
        # Who may list nodes already, for what changed besides.
        self._servers = [
            Caller(*identity_target(record, "auditor", server.serving))
            for server in record.of_kind("kube-apiserver")
        ]
        self._lines = JsonLines(folder.nodes)

    def run(self, times: Iterable[int], ended: threading.Event) -> None:
        """Look at each of `times` until `ended` is set; leave out those that have long passed."""
        for due in times:
            if not wait_until(due, ended):
                return
            if not missed(due):
                self._once()

    def _once(self) -> None:
        begun, error = now(), ""
        rows: dict[str, bool] = {}
        try:
            rows = self._ask()
        except WireError as broken:
            error = outcome_name(broken.outcome)
        except (ValueError, KeyError, TypeError) as wrong:
            error = f"no table of nodes: {wrong}"
        if error:
            self._servers.append(self._servers.pop(0))
        self._lines.add(
            NodeLook(
                time=begun,
                took_us=(now() - begun) // 1000,
                nodes=len(rows),
                not_ready=tuple(name for name, ready in rows.items() if not ready),
                error=error,
            )
        )

    def _ask(self) -> dict[str, bool]:
        server = self._servers[0]
        answer = server.ask(server.request("GET", _PATH, accept=_TABLE), now() + TIMEOUT)
        if answer.status != 200:
            raise ValueError(outcome_name(answer.status))
        return dict(readiness(json.loads(answer.body)))


def readiness(table: Any) -> Iterator[tuple[str, bool]]:
    """Yield the nodes of a table, and whether each is ready; KeyError, ValueError if it is none.

    The printed status is `Ready`, `NotReady` or `Unknown`, and what else there is behind a comma:
    `Ready,SchedulingDisabled`.
    """
    column = [each["name"] for each in table["columnDefinitions"]].index("Status")
    for row in table["rows"] or ():  # of none it is null
        yield row["object"]["metadata"]["name"], row["cells"][column].split(",")[0] == "Ready"
