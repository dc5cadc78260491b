"""Seed: pods that wait for nodes: those of one Deployment, of which one or some fit a node of a fleet."""

import json
import time
from typing import Any

from kubedrill.clock import SECOND, now
from kubedrill.record.fleet import Workload
from kubedrill.record.labels import labels_of
from kubedrill.seed.calling import Seeder, SeedFailed

WORKLOAD = "workload"
"""What it is called among what is seeded, and its Deployment."""
CPUS = 3
"""Of the 4 that a node of a fleet has: what the pods that fit it request together."""
NOT_READY = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
"""The taints of nodes that are NotReady."""
MADE_PER_S = 10
"""A controller-manager with its usual flags makes 20 pods a second."""
LOOK_S = 0.2
_CONFLICT = 409


def namespace_of_workload(namespace: str) -> str:
    """Return the namespace of the workload, beside the one of what else a run seeds."""
    return f"{namespace}-{WORKLOAD}"


def make_workload(seeder: Seeder, namespace: str, run: str, pods: int, shape: Workload) -> int:
    """Make the Deployment; return how many pods it has when they have come. SeedFailed if they do not."""
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    seeder.call("POST", path, json.dumps(deployment(run, pods, shape)).encode(), fine=(_CONFLICT,))
    until = now() + round((30 + pods / MADE_PER_S) * SECOND)
    while (made := _made(seeder, f"{path}/{WORKLOAD}")) < pods:
        if now() > until:
            raise SeedFailed(f"namespace {namespace}: {made} of {pods} pods of the workload came")
        time.sleep(LOOK_S)
    return made


def _made(seeder: Seeder, path: str) -> int:
    return int(seeder.json("GET", path).get("status", {}).get("replicas", 0))


def deployment(run: str, pods: int, shape: Workload) -> dict[str, Any]:
    """Return the Deployment."""
    labels = {**labels_of(run), "app": WORKLOAD}
    requests = {"cpu": f"{round(1000 * CPUS / shape.per_node)}m", "memory": "64Mi"}
    container = {
        "name": "main",
        "image": "registry.k8s.io/pause:3.10",
        "resources": {"requests": requests},
    }
    spec: dict[str, Any] = {"containers": [container]}
    if shape.evicted_after_s is not None:
        spec["tolerations"] = [_tolerated(taint, shape.evicted_after_s) for taint in NOT_READY]
    template = {"metadata": {"labels": labels}, "spec": spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": WORKLOAD, "labels": labels},
        "spec": {
            "replicas": pods,
            "selector": {"matchLabels": {"app": WORKLOAD}},
            "template": template,
        },
    }


def _tolerated(taint: str, seconds: float) -> dict[str, Any]:
    seen = {"key": taint, "operator": "Exists", "effect": "NoExecute"}
    return {**seen, "tolerationSeconds": round(seconds)}
