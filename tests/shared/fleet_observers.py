"""Who sees from outside what becomes of a fleet's nodes: the API, and the kernel by their connections."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from json_lines import read_lines
from zone_observers import ZoneGone

from kubedrill.client.caller import Caller
from kubedrill.client.informer import conditions
from kubedrill.faults import node_fleet, on_fleet
from kubedrill.fleet.removing import remove
from kubedrill.process.child import Child
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.fleet import Fleet
from kubedrill.record.fleet_lines import orders
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import write_typed
from kubedrill.wire.target import identity_target

ZONE, MANY = "b", 3
LIMIT_S = 120.0


def start_fleet(folder: RunFolder, fleet: Fleet, zone: str) -> Child:
    """Start the process of a fleet's nodes in a zone; they are all Ready when this returns."""
    write_typed(folder.fleet, fleet)
    command = [sys.executable, "-m", "kubedrill.fleet", "--run", str(folder.path), "--zone", zone]
    child = Child.start(f"fleet-{zone}", command, folder.logs / f"fleet-{zone}.log")
    try:
        child.wait_ready(LIMIT_S)
    except BaseException:
        child.kill()
        remove(str(folder.cluster), folder.run)
        raise
    return child


def until(condition: Callable[[], Any], what: str, look_s: float = 0.1) -> Any:
    """Wait until something is so, and return what it is; fail after a limit that is ten times too long."""
    deadline = time.monotonic() + LIMIT_S
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(look_s)
    return found


class FleetNodes:
    """Nodes in a zone, played by a process of their own."""

    def __init__(self, cluster: ClusterRecord, zone: str = ZONE, many: int = MANY) -> None:
        self.cluster = cluster
        self._zone = zone
        self._api = Caller(*identity_target(cluster, "admin"), timeout_s=30)
        self._temporary = tempfile.TemporaryDirectory()
        self._folder = RunFolder.create(Path(self._temporary.name), "fleet")
        cluster.write(self._folder.cluster)
        self._process = start_fleet(self._folder, Fleet((zone,), many), zone)

    def close(self) -> None:
        """Take the nodes away."""
        self._process.kill()
        remove(str(self._folder.cluster), self._folder.run)
        self._api.close()
        self._temporary.cleanup()

    def up(self) -> int:
        """Return how many say that they are Ready, as the process says that plays them."""
        [*_, last] = read_lines(self._folder.fleet_lines(self._zone))
        return int(last["ready"])

    def condition(self, target: str, kind: str) -> str:
        """Return what the API says of a node."""
        name = target.removeprefix("node/")
        found: Any = json.loads(self._api.call("GET", f"/api/v1/nodes/{name}").body)
        return conditions(found).get(kind, "")

    def hit(self, target: str) -> bool:
        """Whether it is not Ready."""
        return self.condition(target, "Ready") == "False"

    def well(self, target: str) -> bool:
        """Whether it is Ready."""
        return self.condition(target, "Ready") == "True"


class Pressed(FleetNodes):
    """Sees whether nodes lack memory."""

    def hit(self, target: str) -> bool:
        """Whether it does."""
        return self.condition(target, "MemoryPressure") == "True"

    def well(self, target: str) -> bool:
        """Whether it does not."""
        return super().well(target) and self.condition(target, "MemoryPressure") == "False"


class Off(FleetNodes):
    """Sees, in what the kernel says of the zone, that nobody reads what a node is sent, nor was told."""

    def hit(self, target: str) -> bool:
        """Whether all connections are open, and one of them is not read."""
        return self._poked(target) == [MANY, 1]

    def well(self, target: str) -> bool:
        """Whether each node has one and reads it, and this one is Ready."""
        return self._poked(target) == [MANY, 0] and super().well(target)

    def _poked(self, target: str) -> list[int]:
        """Change a node's object; return how many connections there are then, and how many are not read."""
        path = f"/api/v1/nodes/{target.removeprefix('node/')}"
        found: Any = json.loads(self._api.call("GET", path).body)
        found["metadata"].setdefault("annotations", {})["drill.kubedrill.io/poked"] = str(
            time.time()
        )
        self._api.call("PUT", path, found)  # a conflict will do as well: somebody has changed it
        time.sleep(0.3)
        there = connections(self.cluster, ZONE)
        return [len(there), sum(unread > 0 for unread in there)]


class Slowed(FleetNodes):
    """Sees how much later than they say Leases are renewed."""

    def __init__(self, cluster: ClusterRecord) -> None:
        super().__init__(cluster)
        self._late: dict[str, float] = {}
        self._looked: dict[str, tuple[float, float]] = {}
        """When a Lease was looked at last, and when it had been renewed by then."""
        try:
            for number in range(MANY):
                name = f"node/node-{ZONE}-{number}"
                until(lambda name=name: self.well(name), "a Lease is renewed")
        except BaseException:
            self.close()
            raise

    def hit(self, target: str) -> bool:
        """Whether it comes late."""
        return self._lateness(target) > 3.5

    def well(self, target: str) -> bool:
        """Whether it comes in time."""
        return 0 <= self._lateness(target) < 2.5 and super().well(target)

    def _lateness(self, target: str) -> float:
        """Return how late it came when that was seen last, seconds; less than 0 where it was not yet."""
        path = f"{node_fleet.LEASES}/{target.removeprefix('node/')}"
        answer = self._api.call("GET", path)
        if answer.status == 404:
            return -1.0
        renewed = node_fleet.renewed_at(json.loads(answer.body))
        looked, known = self._looked.get(target, (0.0, 0.0))
        at = time.time()
        if renewed != known and at - looked < 1.0:
            self._late[target] = at - renewed
        self._looked[target] = at, renewed
        return self._late.get(target, -1.0)


class ZoneAndNodesGone(ZoneGone):
    """Sees that with all that runs in a zone its node has ended, and is there again; there is one in each."""

    def __init__(self, cluster: ClusterRecord) -> None:
        super().__init__(cluster)
        self._nodes: dict[str, FleetNodes] = {}
        for zone in cluster.zones:
            self._nodes[zone] = FleetNodes(cluster, zone, 1)
            self._opened.callback(self._nodes[zone].close)

    def hit(self, target: str) -> bool:
        """Whether all of it is gone, the node with it, and the others are there."""
        return super().hit(target) and self._up(target) == 0

    def well(self, target: str) -> bool:
        """Whether all of it is there again, the node with it."""
        return super().well(target) and self._up(target) == 1

    def _up(self, target: str) -> int:
        """Return how many of its nodes are Ready, as the process says that plays them."""
        return self._nodes[target.removeprefix("zone-")].up()


_OPEN = ("01", "08")
"""States of a connection that is open on this side: ESTABLISHED, CLOSE_WAIT."""


def connections(cluster: ClusterRecord, zone: str) -> list[int]:
    """Return those from a zone to the load balancer, as the kernel has them: its nodes'.

    Of each how many bytes have come that nobody has read.
    """
    entrance = cluster.entrance(zone)
    within = ["ip", "netns", "exec", entrance.netns] if entrance.netns else []
    told = subprocess.run(
        [*within, "cat", "/proc/net/tcp"], capture_output=True, text=True, check=True
    ).stdout
    numbers = [int(part) for part in entrance.host.split(".")]
    remote = f"{bytes(reversed(numbers)).hex().upper()}:{entrance.port:04X}"
    rows = [line.split() for line in told.splitlines()[1:]]
    there = [row for row in rows if row[2] == remote and row[3] in _OPEN]
    return [int(row[4].partition(":")[2], 16) for row in there]


def disobey(patch: pytest.MonkeyPatch) -> None:
    """Let orders go where no node looks."""
    elsewhere = Path(tempfile.gettempdir()) / "no-order.json"
    patch.setattr(on_fleet, "order_file", lambda scene: elsewhere)


def order_another(patch: pytest.MonkeyPatch) -> None:
    """Let the next node be ordered to suffer it."""
    real = on_fleet.NodeOrder

    def elsewhere(*, nodes: tuple[str, ...], **given: Any) -> on_fleet.NodeOrder:
        return real(nodes=tuple(map(_beside, nodes)), **given)

    patch.setattr(on_fleet, "NodeOrder", elsewhere)


def _beside(name: str) -> str:
    return f"{name[:-1]}{(int(name[-1]) + 1) % MANY}"


def lift_orders(cluster: ClusterRecord, target: str) -> None:
    """Take all orders away, and wait until a node is back, as its Lease tells."""
    for file in orders(Path(cluster.folder)).glob("*.json"):
        file.unlink()
    name, begun = target.removeprefix("node/"), time.time()
    with closing(Caller(*identity_target(cluster, "admin"), timeout_s=30)) as api:
        deadline = time.monotonic() + LIMIT_S
        while not _is_back(api, name, begun):
            assert time.monotonic() < deadline, f"{name} does not come back"
            time.sleep(0.1)


def _is_back(api: Caller, name: str, begun: float) -> bool:
    answer = api.call("GET", f"{node_fleet.LEASES}/{name}")
    if answer.status == 404:
        return False  # it comes 10 s after the node
    lease = json.loads(answer.body)
    found = json.loads(api.call("GET", f"/api/v1/nodes/{name}").body)
    healthy = [conditions(found).get(kind) for kind in ("Ready", "MemoryPressure")]
    at = node_fleet.renewed_at(lease)
    return healthy == ["True", "False"] and at > begun
