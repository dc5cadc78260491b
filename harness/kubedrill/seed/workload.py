"""Seed: pods that wait for nodes: those of one Deployment, of which one or some fit a node of a fleet."""

import json
import time
from typing import Any

from kubedrill.clock import SECOND, now
from kubedrill.record.fleet import Workload
from kubedrill.record.labels import APART, WORKLOAD, labels_of
from kubedrill.seed.calling import Seeder, SeedFailed

NOT_READY = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
"""The taints of nodes that are NotReady."""
MADE_PER_S = 10
"""A controller-manager with its usual flags makes 20 pods a second."""
LOOK_S = 0.2
_CONFLICT = 409


def path_of_workloads(namespace: str) -> str:
    """Return the path of the collection in which the Deployment is."""
    return f"/apis/apps/v1/namespaces/{namespace}/deployments"


def make_workload(
    seeder: Seeder, namespace: str, run: str, pods: int, shape: Workload, *, apart: bool
) -> int:
    """Make the Deployment, and its budget; return how many pods it has when they have come. SeedFailed.

    `apart`: where a fleet's nodes keep apart from what is not the drill's.
    """
    path, made = path_of_workloads(namespace), deployment(run, pods, shape, apart=apart)
    seeder.call("POST", path, json.dumps(made).encode(), fine=(_CONFLICT,))
    if shape.max_unavailable is not None:
        budgets = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
        wanted = json.dumps(budget(run, shape.max_unavailable)).encode()
        seeder.call("POST", budgets, wanted, fine=(_CONFLICT,))
    until = now() + round((30 + pods / MADE_PER_S) * SECOND)
    while (there := _made(seeder, f"{path}/{WORKLOAD}")) < pods:
        if now() > until:
            raise SeedFailed(f"namespace {namespace}: {there} of {pods} pods of the workload came")
        time.sleep(LOOK_S)
    return there


def _made(seeder: Seeder, path: str) -> int:
    return int(seeder.json("GET", path).get("status", {}).get("replicas", 0))


def deployment(run: str, pods: int, shape: Workload, *, apart: bool = False) -> dict[str, Any]:
    """Return the Deployment."""
    labels = {**labels_of(run), "app": WORKLOAD}
    requests = {"cpu": f"{shape.milli_cpus}m", "memory": "64Mi"}
    container = {
        "name": "main",
        "image": "registry.k8s.io/pause:3.10",
        "resources": {"requests": requests},
    }
    spec: dict[str, Any] = {"containers": [container]}
    tolerations = [{"key": APART, "operator": "Exists"}] if apart else []
    if shape.selector:
        spec["nodeSelector"] = shape.selector
    if shape.evicted_after_s is not None:
        tolerations += [_tolerated(taint, shape.evicted_after_s) for taint in NOT_READY]
    if tolerations:
        spec["tolerations"] = tolerations
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


def budget(run: str, max_unavailable: int) -> dict[str, Any]:
    """Return the PodDisruptionBudget of the Deployment's pods."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": WORKLOAD, "labels": labels_of(run)},
        "spec": {
            "maxUnavailable": max_unavailable,
            "selector": {"matchLabels": {"app": WORKLOAD}},
        },
    }


def _tolerated(taint: str, seconds: float) -> dict[str, Any]:
    seen = {"key": taint, "operator": "Exists", "effect": "NoExecute"}
    return {**seen, "tolerationSeconds": round(seconds)}
