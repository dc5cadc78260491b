"""A control plane whose node lifecycle takes seconds, and what becomes of nodes in its zones."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from fleet_observers import FleetNodes
from fleet_observers import until as soon
from prometheus_client.parser import text_string_to_metric_families

from kubedrill.client.caller import Caller
from kubedrill.client.informer import conditions
from kubedrill.clock import SECOND, now
from kubedrill.cluster.leases import leader
from kubedrill.judge.measurers.nodes import disruption
from kubedrill.observe.nodes import ToldNodes, by_zone
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.fleet_lines import NodeOrder, Plight, orders
from kubedrill.record.lines import write_typed
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import identity_target

MANAGER = "kube-controller-manager"
GRACE_S, PERIOD_S = 20.0, 1.0
RATE, SECONDARY = 2.0, 0.2
"""Nodes a second that are tainted NoExecute in a zone."""
SIZES = {"a": 14, "b": 10, "c": 4}
LARGE = 10
"""Zones with more nodes than this are large: only a is."""
FLAGS = {
    "node-monitor-period": f"{PERIOD_S:g}s",
    "node-monitor-grace-period": f"{GRACE_S:g}s",  # Leases are renewed every 10 s
    "node-eviction-rate": RATE,
    "secondary-node-eviction-rate": SECONDARY,
    "large-cluster-size-threshold": LARGE,
    # The one that leads is to be there yet when its apiserver is back, as one that needs no Lease is.
    "leader-elect-lease-duration": "200s",
    "leader-elect-renew-deadline": "180s",
    "kube-api-qps": 200,
    "kube-api-burst": 400,
}
LOOK_S = 0.25
until = partial(soon, look_s=LOOK_S)
"""As that of other observers of a fleet; each look here asks for much."""
NO_EXECUTE = {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}
_CHANGED = re.compile(r'zone is now in new state" zone="[^"]*:(\w+)" newState="(\w+)"')


class ZoneMetrics(NamedTuple):
    """What the controller-manager that leads says of a zone."""

    size: float
    unhealthy: float
    health: float
    """Percent of its nodes that are Ready."""
    evictions: float


class NodeLifecycle:
    """The nodes, what they are ordered to suffer, and what the control plane makes of it."""

    def __init__(self, cluster: ClusterRecord) -> None:
        self.cluster = cluster
        self._opened = ExitStack()
        self.api = Caller(*identity_target(cluster, "admin"), timeout_s=30)
        self._opened.callback(self.api.close)
        self._orders = orders(Path(cluster.folder))
        for zone, many in SIZES.items():
            self._opened.callback(FleetNodes(cluster, zone, many).close)
        self.leader = leader(cluster, MANAGER, 5.0)

    def close(self) -> None:
        """Take the nodes away."""
        self._opened.close()

    def suffer(self, plight: Plight, many: Mapping[str, int], *, beside: bool = False) -> list[str]:
        """Order the first nodes of each zone to suffer this; return their names.

        `beside`: what was ordered before holds as well.
        """
        names = [f"node-{zone}-{number}" for zone in many for number in range(many[zone])]
        order = NodeOrder(plight=plight, nodes=tuple(names), until=now() + 600 * SECOND)
        before = [*self._orders.glob("*.json")]
        write_typed(self._orders / f"{now()}.json", order)
        for file in () if beside else before:
            file.unlink()
        return names

    def heal(self) -> None:
        """Take orders away; return when all nodes are Ready and untainted."""
        for file in self._orders.glob("*.json"):
            file.unlink()

        def well() -> bool:
            return all(
                conditions(node)["Ready"] == "True" and not node["spec"].get("taints")
                for node in self.nodes().values()
            )

        until(well, "all nodes are Ready, and pods may come to them")

    def nodes(self) -> dict[str, Any]:
        """Return all nodes as they are, by name."""
        listed = json.loads(self.api.call("GET", "/api/v1/nodes").body)["items"]
        return {node["metadata"]["name"]: node for node in listed}

    def tainted(self, zone: str = "") -> dict[str, float]:
        """Return which nodes have a NoExecute taint, and since when: seconds since 1970, rounded down."""
        return {
            name: datetime.fromisoformat(taint["timeAdded"]).timestamp()
            for name, node in self.nodes().items()
            for taint in node["spec"].get("taints", ())
            if name.startswith(f"node-{zone}")
            and (taint["effect"] == "NoExecute" and taint["key"] in NO_EXECUTE)
        }

    def states(self) -> dict[str, int]:
        """Return the state of each zone as a drill's objective has it: 0, 1 or 2."""
        with closing(ToldNodes(self.cluster)) as told:
            assert not (error := told.look()), error
            there = by_zone(told.nodes.values())
        return {zone: disruption(*there[zone]) for zone in SIZES}

    def metrics(self) -> dict[str, ZoneMetrics]:
        """Return what the one that leads says of each zone; none where it does not answer."""
        endpoint = self.cluster.component(f"{MANAGER}-{self.leader}").metrics
        assert endpoint
        try:
            with closing(Caller(*identity_target(self.cluster, "scraper", endpoint))) as api:
                answer = api.call("GET", "/metrics")
        except WireError:
            return {}
        if answer.status != 200:
            return {}
        found: dict[str, dict[str, float]] = {zone: {} for zone in SIZES}
        page = "".join(
            f"{line}\n"
            for line in answer.body.decode().splitlines()
            if line.startswith("node_collector_") and 'zone="' in line
        )
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                zone = sample.labels["zone"].rpartition(":")[2].strip("\x00")
                found[zone][sample.name.removeprefix("node_collector_")] = sample.value
        return {
            zone: ZoneMetrics(
                values.get("zone_size", math.nan),
                values.get("unhealthy_nodes_in_zone", math.nan),
                values.get("zone_health", math.nan),
                values.get("evictions_total", math.nan),
            )
            for zone, values in found.items()
        }

    def log(self) -> str:
        """Return the log of the one that leads."""
        path = Path(self.cluster.folder) / "logs" / f"{MANAGER}-{self.leader}.log"
        return path.read_text()

    def called(self) -> dict[str, str]:
        """Return the state that each zone has changed to last, by the controller-manager's own word."""
        return dict(_CHANGED.findall(self.log()))

    def unknown(self, names: Iterable[str]) -> dict[str, float]:
        """Return which of these have Ready=Unknown, and since when: seconds since 1970, rounded down."""
        there = self.nodes()
        return {
            name: datetime.fromisoformat(condition["lastTransitionTime"]).timestamp()
            for name in names
            for condition in there[name]["status"]["conditions"]
            if condition["type"] == "Ready" and condition["status"] == "Unknown"
        }
