"""Who sees from outside what becomes of nodes and pods: the API tells, through the balancer."""

import json
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from typing import Any

from kubedrill.client.caller import Caller
from kubedrill.record.cluster import ClusterRecord
from kubedrill.wire.target import identity_target

NODES = ("drilled-1", "drilled-2", "drilled-3")
LABELS = {"drilled": "yes"}
ISOLATED = "drilled-isolated"
"""The namespace of pods that are cut off."""
BEFORE = {"key": "before", "value": "1", "effect": "NoSchedule"}
"""A taint that each node has from the start."""


class Nodes:
    """Nodes with a pod each, which a ReplicaSet has made; the nodes' names are the targets'."""

    def __init__(self, cluster: ClusterRecord) -> None:
        self._api = Caller(*identity_target(cluster, "admin"), timeout_s=30)
        self.space = f"drilled-{uuid.uuid4().hex[:8]}"
        try:
            self._make()
        except BaseException:
            self.close()
            raise
        self.before = {name: self.uid(name) for name in NODES}

    def _make(self) -> None:
        space = f"/api/v1/namespaces/{self.space}"
        self.call("POST", "/api/v1/namespaces", {"metadata": {"name": self.space}})
        # Its controller makes it a moment later, and no pod comes before it.
        self._api.call("POST", f"{space}/serviceaccounts", {"metadata": {"name": "default"}})
        owner = self._replica_set()
        for name in NODES:
            node = {"metadata": {"name": name, "labels": LABELS}, "spec": {"taints": [BEFORE]}}
            self.call("POST", "/api/v1/nodes", node)
            self.call("POST", self.pods, _pod(name, owner))
        own = {self.uid(name) for name in NODES}
        deadline = time.monotonic() + 120
        while self.there() != own:  # a ReplicaSet takes those away that are too many
            assert time.monotonic() < deadline, "the ReplicaSet does not settle"
            time.sleep(0.05)

    @property
    def pods(self) -> str:
        """The collection that the pods are in."""
        return f"/api/v1/namespaces/{self.space}/pods"

    def call(self, method: str, path: str, content: Any = None) -> Any:
        """Ask the API, and return what it says; None for what is not there."""
        answer = self._api.call(method, path, content)
        there = {"GET": {200, 404}, "POST": {201}, "DELETE": {200, 202, 404}}[method]
        assert answer.status in there, (method, path, answer.status, answer.body)
        return None if answer.status == 404 else json.loads(answer.body)

    def close(self) -> None:
        """Take away all that was made."""
        for name in NODES:
            self.call("DELETE", f"/api/v1/nodes/{name}")
        self.call("DELETE", f"/api/v1/namespaces/{self.space}")  # nobody makes pods there any more
        self.call("DELETE", self.pods)
        self._api.close()

    def uid(self, name: str) -> str | None:
        """Return which pod of a name it is; None if none is there to stay."""
        found = self.call("GET", f"{self.pods}/{name}")
        gone = found is None or "deletionTimestamp" in found["metadata"]
        return None if gone else str(found["metadata"]["uid"])

    def there(self) -> set[str]:
        """Return which pods are there to stay."""
        return {
            found["metadata"]["uid"]
            for found in self.call("GET", self.pods)["items"]
            if "deletionTimestamp" not in found["metadata"]
        }

    def spec(self, target: str) -> Any:
        """Return what is wanted of a node."""
        return self.call("GET", f"/api/v1/nodes/{target.removeprefix('node/')}")["spec"]

    def taints(self, target: str) -> list[Any]:
        """Return the taints of a node, but for those that its controller sets by how it is."""
        found = self.spec(target).get("taints", [])
        return [taint for taint in found if not taint["key"].startswith("node.kubernetes.io/")]

    def amend(self, name: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change what is wanted of a node, as a person would."""
        amend(self._api, f"/api/v1/nodes/{name}", lambda node: change(node["spec"]))

    def run(self, name: str) -> None:
        """Let a pod run and be ready, as its node's kubelet would."""
        status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        path = f"{self.pods}/{name}"
        amend(self._api, path, lambda pod: pod.update(status=status), "/status")

    def orphan(self, name: str) -> None:
        """Take a pod from its ReplicaSet, which then has no hold on it."""

        def change(pod: dict[str, Any]) -> None:
            pod["metadata"] |= {"ownerReferences": [], "labels": {}}

        amend(self._api, f"{self.pods}/{name}", change)

    def budget(self, name: str) -> None:
        """Let none of the pods be evicted."""
        path = f"/apis/policy/v1/namespaces/{self.space}/poddisruptionbudgets"
        spec = {"minAvailable": len(NODES), "selector": {"matchLabels": LABELS}}
        self.call("POST", path, {"metadata": {"name": name}, "spec": spec})

    def hit(self, target: str) -> bool:
        """Whether nothing is scheduled to a node."""
        return self.spec(target).get("unschedulable") is True

    def well(self, target: str) -> bool:
        """Whether it is as it was made."""
        return "unschedulable" not in self.spec(target) and self.taints(target) == [BEFORE]

    def _replica_set(self) -> dict[str, Any]:
        template = {"metadata": {"labels": LABELS}, "spec": _CONTAINERS}
        spec = {"replicas": len(NODES), "selector": {"matchLabels": LABELS}, "template": template}
        path = f"/apis/apps/v1/namespaces/{self.space}/replicasets"
        made = self.call("POST", path, {"metadata": {"name": "drilled"}, "spec": spec})
        return {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "name": "drilled",
            "uid": made["metadata"]["uid"],
            "controller": True,
        }


class Tainted(Nodes):
    """Sees the taints of a node besides."""

    def hit(self, target: str) -> bool:
        """Whether it has another one than before."""
        return len(self.taints(target)) == 2


class Drained(Nodes):
    """Sees besides that the pod of a node has left."""

    def hit(self, target: str) -> bool:
        """Whether it has, and nothing is scheduled there."""
        return super().hit(target) and self.uid(target.removeprefix("node/")) is None


class Deleted(Nodes):
    """Sees that pods go, and others are made."""

    def hit(self, target: str) -> bool:
        """Whether some of those that were there before have gone."""
        return not {*self.before.values()} <= self.there()

    def well(self, target: str) -> bool:
        """Whether there are as many as before."""
        return len(self.there()) == len(NODES)


class Scaled:
    """A Deployment of two pods, and how many it should have, and has."""

    def __init__(self, cluster: ClusterRecord) -> None:
        self._api = Caller(*identity_target(cluster, "admin"), timeout_s=30)
        self.space = f"drilled-{uuid.uuid4().hex[:8]}"
        made = {"metadata": {"name": self.space}}
        assert self._api.call("POST", "/api/v1/namespaces", made).status == 201
        template = {"metadata": {"labels": LABELS}, "spec": _CONTAINERS}
        spec = {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": template}
        deployment = {"metadata": {"name": "web", "labels": LABELS}, "spec": spec}
        path = f"/apis/apps/v1/namespaces/{self.space}/deployments"
        assert self._api.call("POST", path, deployment).status == 201
        deadline = time.monotonic() + 120
        while not self.well(f"deployment/{self.space}/web"):
            assert time.monotonic() < deadline, "its pods do not come"
            time.sleep(0.05)

    def close(self) -> None:
        """Take away all that was made; the Deployment first, which chance might choose again."""
        path = deployment_path(f"deployment/{self.space}/web")
        self._api.call("DELETE", path)
        deadline = time.monotonic() + 120
        while self._api.call("GET", path).status != 404:
            assert time.monotonic() < deadline, "the Deployment does not go"
            time.sleep(0.05)
        self._api.call("DELETE", f"/api/v1/namespaces/{self.space}")
        self._api.close()

    def hit(self, target: str) -> bool:
        """Whether it has none."""
        return self._replicas(target) == (0, 0)

    def well(self, target: str) -> bool:
        """Whether it has its two."""
        return self._replicas(target) == (2, 2)

    def _replicas(self, target: str) -> tuple[int, int]:
        """Return how many are wanted, and are there."""
        found = json.loads(self._api.call("GET", deployment_path(target)).body)
        return found["spec"]["replicas"], found["status"].get("replicas", 0)


class IsolatedPods:
    """A namespace with a pod, and what NetworkPolicies there are in it."""

    def __init__(self, cluster: ClusterRecord) -> None:
        self._api = Caller(*identity_target(cluster, "admin"), timeout_s=30)
        space = f"/api/v1/namespaces/{ISOLATED}"
        made = self._api.call("POST", "/api/v1/namespaces", {"metadata": {"name": ISOLATED}})
        assert made.status in {201, 409}, made.body  # it stays, for others that come
        self._api.call("POST", f"{space}/serviceaccounts", {"metadata": {"name": "default"}})
        self._pods = f"{space}/pods"
        pod = {"metadata": {"name": "drilled", "labels": LABELS}, "spec": _CONTAINERS}
        made = self._api.call("POST", self._pods, pod)
        assert made.status in {201, 409}, made.body

    def close(self) -> None:
        """Take the pod away."""
        self._api.call("DELETE", f"{self._pods}/drilled?gracePeriodSeconds=0")
        self._api.close()

    def hit(self, target: str) -> bool:
        """Whether there is one that lets nothing of these pods through."""
        selected = {"matchLabels": LABELS}
        return [policy["spec"] for policy in self._policies(target)] == [
            {"podSelector": selected, "policyTypes": ["Ingress", "Egress"]}
        ]

    def well(self, target: str) -> bool:
        """Whether there is none."""
        return not self._policies(target)

    def _policies(self, target: str) -> list[Any]:
        found = self._api.call("GET", policies_path(target))
        return [*json.loads(found.body)["items"]]


def policies_path(target: str) -> str:
    """Return where the NetworkPolicies of a namespace are that is a target."""
    return (
        f"/apis/networking.k8s.io/v1/namespaces/{target.removeprefix('namespace/')}/networkpolicies"
    )


def let_in_by_hand(cluster: ClusterRecord, target: str) -> None:
    """Take the policies of a namespace away, as a person would with kubectl."""
    with closing(Caller(*identity_target(cluster, "admin"), timeout_s=30)) as api:
        assert api.call("DELETE", policies_path(target)).status == 200


def deployment_path(target: str) -> str:
    """Return where the Deployment is that is a target."""
    _, namespace, name = target.split("/")
    return f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"


def scale_by_hand(cluster: ClusterRecord, target: str) -> None:
    """Scale a Deployment as it was, as a person would with kubectl."""
    with closing(Caller(*identity_target(cluster, "admin"), timeout_s=30)) as api:
        amend(api, deployment_path(target), lambda found: found["spec"].update(replicas=2))


def mend_by_hand(cluster: ClusterRecord, target: str) -> None:
    """Uncordon a node, and take away the taints that it had not before, as a person would with kubectl."""

    def change(node: dict[str, Any]) -> None:
        node["spec"].pop("unschedulable", None)
        node["spec"]["taints"] = [BEFORE]

    with closing(Caller(*identity_target(cluster, "admin"), timeout_s=30)) as api:
        amend(api, f"/api/v1/nodes/{target.removeprefix('node/')}", change)


def amend(
    api: Caller, path: str, change: Callable[[dict[str, Any]], None], below: str = ""
) -> None:
    """Read an object, change it, and write it, again and again while others change it meanwhile."""
    status = 409
    while status == 409:
        found = json.loads(api.call("GET", path).body)
        change(found)
        answer = api.call("PUT", f"{path}{below}", found)
        status = answer.status
    assert status == 200, answer.body


_CONTAINERS = {
    "containers": [{"name": "drilled", "image": "none"}],
    "terminationGracePeriodSeconds": 0,
    "tolerations": [{"operator": "Exists"}],
    "automountServiceAccountToken": False,
}


def _pod(name: str, owner: dict[str, Any]) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": LABELS, "ownerReferences": [owner]},
        "spec": {**_CONTAINERS, "nodeName": name},
    }
