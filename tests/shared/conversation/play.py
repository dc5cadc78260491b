"""The play: nodes come, pods start on them and go, the API goes and comes back; what they ask meanwhile."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleet_observers import start_fleet

from conversation.asked import POLICY, Asked, asked
from conversation.kubelet import kubelets
from kubedrill import cluster as stage
from kubedrill.client.caller import Caller
from kubedrill.client.informer import conditions
from kubedrill.cluster.local.definition import LocalDefinition
from kubedrill.cluster.provider import handle_of
from kubedrill.cluster.reading import guarded
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.fleet import Fleet, PodTimes
from kubedrill.record.folder import RunFolder
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import identity_target

ZONE = "a"
LIMIT_S = 120.0
QUIET_S = 3.0
"""After the last thing that is waited for: until what comes with it has come, too."""
RENEWED_S = 25.0
"""Two renewals of a Lease, and then some."""
NAMESPACE = "/api/v1/namespaces/default"
PODS = f"{NAMESPACE}/pods"
USED = {
    "secrets": {"metadata": {"name": "given"}, "data": {"a": "Yg=="}},
    "configmaps": {"metadata": {"name": "settled"}, "immutable": True, "data": {"a": "b"}},
}
"""What the pods have in volumes; a kubelet watches no longer what never changes."""
LEASE = "update leases"


@dataclass(slots=True)
class Heard:
    """What was asked in a play."""

    nodes: dict[str, list[str]]
    """By who plays them: `fleet`, `kubelet`."""
    marks: list[tuple[str, float]] = field(default_factory=list)
    """When each phase began, s since the epoch; the last is the end."""
    asked: list[Asked] = field(default_factory=list)

    def of(self, player: str) -> list[Asked]:
        """Return what the nodes of a player have asked."""
        names = set(self.nodes[player])
        return [each for each in self.asked if each.node in names]


@contextmanager
def audited(folder: Path) -> Iterator[ClusterRecord]:
    """Bring up a cluster of one zone that writes down what nodes ask, and take it down."""
    policy = folder / "policy.json"
    policy.write_text(json.dumps(POLICY))
    flags = {"kube-apiserver": {"audit-policy-file": str(policy), "audit-log-path": "-"}}
    definition = guarded(LocalDefinition)(provider="local", zones=(ZONE,), flags=flags)
    try:
        yield stage.up(definition, "audited")
    finally:
        stage.down("audited")


class Play:
    """Plays it, and waits until each thing has happened."""

    def __init__(self, cluster: ClusterRecord, heard: Heard, api: Caller) -> None:
        self._cluster = cluster
        self._heard = heard
        self._api = api
        self._nodes = [name for names in heard.nodes.values() for name in names]

    def all(self, idle_s: float) -> None:
        """Play it from when they have started; nothing happens for `idle_s` between pods' start and end."""
        self._until(lambda node: self._is_ready(f"/api/v1/nodes/{node}"), "Ready")
        self._until(self._has_lease, "has a Lease")
        time.sleep(RENEWED_S)
        for kind, content in USED.items():
            self._ask("POST", f"{NAMESPACE}/{kind}", content)
        self.begin("pods start")
        for node in self._nodes:
            for kind in ("stays", "goes"):
                self._ask("POST", PODS, _pod(f"{kind}-{node}", node))
        for kind in ("stays", "goes"):
            self._until(lambda node, kind=kind: self._is_ready(f"{PODS}/{kind}-{node}"), "runs")
        self._until(self._names_images, "says which images it has")
        self.begin("idle")
        time.sleep(max(idle_s, QUIET_S))
        self.begin("a pod ends")
        for node in self._nodes:
            self._ask("DELETE", f"{PODS}/goes-{node}")
        self._until(lambda node: self._ask("GET", f"{PODS}/goes-{node}") is None, "lets it go")
        time.sleep(QUIET_S)
        self.begin("the API comes back")
        for name, state in handle_of(self._cluster).components().items():
            if name.startswith("kube-apiserver"):
                os.kill(state.pid, signal.SIGKILL)
        self._until(self._answers, "the API is back")
        time.sleep(RENEWED_S)
        self.begin("end")

    def begin(self, phase: str) -> None:
        """Note that a phase begins."""
        self._heard.marks.append((phase, time.time()))

    def _until(self, holds: Callable[[str], Any], what: str) -> None:
        for node in self._nodes:
            deadline = time.monotonic() + LIMIT_S
            while not holds(node):
                assert time.monotonic() < deadline, f"{node}: {what}"
                time.sleep(0.2)

    def _is_ready(self, path: str) -> bool:
        found = self._ask("GET", path)
        return found is not None and conditions(found).get("Ready") == "True"

    def _has_lease(self, node: str) -> bool:
        leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
        return self._ask("GET", f"{leases}/{node}") is not None

    def _names_images(self, node: str) -> bool:
        return bool(self._ask("GET", f"/api/v1/nodes/{node}")["status"].get("images"))

    def _answers(self, node: str) -> bool:
        try:
            return self._is_ready(f"/api/v1/nodes/{node}")
        except (WireError, NotStarted, AssertionError):
            return False

    def _ask(self, method: str, path: str, content: Any = None) -> Any:
        answer = self._api.call(method, path, content)
        assert answer.status in {200, 201, 404}, answer.body
        return None if answer.status == 404 else json.loads(answer.body)


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays."""

    nodes: int
    """Of a fleet."""
    kubelets: int
    program: Path | None
    """The kubelets'; None: there is none."""

    def names(self) -> dict[str, list[str]]:
        """Return the names of the nodes, by who plays them."""
        kubelets = [f"kubelet-{number}" for number in range(self.kubelets if self.program else 0)]
        nodes = [f"node-{ZONE}-{number}" for number in range(self.nodes)]
        return {"fleet": nodes, **({"kubelet": kubelets} if kubelets else {})}


def play(cluster: ClusterRecord, folder: Path, cast: Cast, idle_s: float = 0.0) -> Heard:
    """Play it, and return what was asked."""
    heard = Heard(cast.names(), [("start", time.time())])
    with ExitStack() as stack:
        if cast.program:
            names = heard.nodes["kubelet"]
            stack.enter_context(kubelets(cast.program, cluster, names, folder))
        run = RunFolder.create(folder, "fleet")
        cluster.write(run.cluster)
        api = stack.enter_context(closing(Caller(*identity_target(cluster, "admin"), timeout_s=30)))
        child = start_fleet(run, Fleet((ZONE,), cast.nodes, pods=PodTimes(0.2, 0.1)), ZONE)
        stack.callback(child.kill)
        Play(cluster, heard, api).all(idle_s)
    heard.asked = asked(Path(cluster.folder))
    return heard


def _pod(name: str, node: str) -> Any:
    volumes = [
        {"name": "given", "secret": {"secretName": "given"}},
        {"name": "settled", "configMap": {"name": "settled"}},
    ]
    mounts = [{"name": each["name"], "mountPath": f"/{each['name']}"} for each in volumes]
    spec = {
        "nodeSelector": {"kubernetes.io/hostname": node},
        "terminationGracePeriodSeconds": 1,
        "tolerations": [{"operator": "Exists"}],
        "containers": [
            {"name": "main", "image": "registry.k8s.io/pause:3.10", "volumeMounts": mounts}
        ],
        "volumes": volumes,
    }
    return {"metadata": {"name": name}, "spec": spec}
