"""Seed: workers of a load as pods of the cluster that it presses, in a namespace of the drill's own.

They run beside what the drill makes, and go with it: the ledger's sweep of the run takes them away.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from kubedrill.clock import SECOND, now
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.labels import RUN, labels_of, namespace_of
from kubedrill.record.remote import WorkerPods
from kubedrill.record.schedule import ScheduledLoad
from kubedrill.seed.calling import Seeder, SeedFailed
from kubedrill.seed.create import make_namespace

TIMEOUT = 60 * SECOND
_CONFLICT = 409
FOLDER = "/kubedrill"
"""Where a worker finds its profile: below it is `loadprofiles/`."""
_NAME = "worker"


def start_workers(
    record: ClusterRecord, run: str, load: ScheduledLoad, profile: str, text: str
) -> None:
    """Have as many pods made as a load expects workers; `text` is that of its profile's file.

    SeedFailed with what the API said. Whether they come is the master's to wait for.
    """
    seeder = Seeder(record, now() + TIMEOUT)
    try:
        make_namespace(seeder, namespace_of_workers(run), run)
        for path, made in objects(run, load, profile, text):
            seeder.call("POST", path, json.dumps(made).encode(), fine=(_CONFLICT,))
    finally:
        seeder.close()


def namespace_of_workers(run: str) -> str:
    """Return the namespace in which a run's workers are."""
    return f"{namespace_of(run)}-workers"


def objects(
    run: str, load: ScheduledLoad, profile: str, text: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is made for the workers of a load: in which collection, and what."""
    assert load.workers is not None
    assert load.workers.pods is not None
    name, namespace = f"{_NAME}-{load.name}", namespace_of_workers(run)
    meta = {"name": name, "labels": labels_of(run)}
    data = {"kind": "ConfigMap", "metadata": meta, "data": {profile: text}}
    yield f"/api/v1/namespaces/{namespace}/configmaps", data
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": meta,
        "spec": {
            "parallelism": load.workers.expect,
            "completions": load.workers.expect,
            # One that ends has ended the load; another one in its place would be sent away.
            "backoffLimit": 0,
            "template": _template(run, name, load.workers.pods, load.workers.port, profile),
        },
    }
    yield f"/apis/batch/v1/namespaces/{namespace}/jobs", job


def _template(run: str, name: str, pods: WorkerPods, port: int, profile: str) -> dict[str, Any]:
    labels = {**labels_of(run), "app.kubernetes.io/name": name}
    hollow = {"matchExpressions": [{"key": RUN, "operator": "DoesNotExist"}]}
    apart = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels},
    }
    command = ["kubedrill", "worker", "--master", f"{pods.master}:{port}", "--api", pods.api]
    at = f"{FOLDER}/loadprofiles/{profile}"
    container = {
        "name": _NAME,
        "image": pods.image,
        "command": command,
        "workingDir": FOLDER,
        "resources": {"requests": {"cpu": pods.cpu, "memory": pods.memory}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
        },
        "volumeMounts": [
            {"name": "profile", "mountPath": at, "subPath": profile, "readOnly": True}
        ],
    }
    terms = {"nodeSelectorTerms": [hollow]}
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 2,
        "hostNetwork": pods.host_network,
        # A fleet's nodes run no containers.
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}},
        "nodeSelector": dict(pods.node_selector),
        "topologySpreadConstraints": [apart],
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "profile", "configMap": {"name": name}}],
    }
    return {"metadata": {"labels": labels}, "spec": spec}


def why_no_workers(record: ClusterRecord, run: str) -> str:
    """Return in words what keeps a run's workers from running; "" where nothing says so."""
    seeder = Seeder(record, now() + TIMEOUT)
    try:
        found = seeder.json("GET", f"/api/v1/namespaces/{namespace_of_workers(run)}/pods")
    except SeedFailed:
        return ""
    finally:
        seeder.close()
    return "; ".join(dict.fromkeys(obstacles(found["items"])))


def obstacles(pods: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield what keeps pods from running, in words."""
    for pod in pods:
        status = pod.get("status", {})
        for condition in status.get("conditions", ()):
            if condition.get("reason") == "Unschedulable":
                yield f"no node takes it: {condition.get('message', '')}"
        for container in status.get("containerStatuses", ()):
            for state in container.get("state", {}).values():
                if state.get("reason") not in {None, "ContainerCreating", "Completed"}:
                    yield f"{state['reason']}: {state.get('message', '')}".rstrip(": ")
