"""Seed: what the seeded objects look like."""

import base64
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kubedrill.record.labels import CUSTOM_GROUP, CUSTOMS

Object = dict[str, Any]

POD_PADDING = 3600
"""With the fields below, the defaults and the managed fields: 6 KB a pod as stored."""

CUSTOM_PADDING = 4800
"""A custom resource is stored as it came, without a pod's defaults; with this it is as large as one."""

SECRET_BYTES = 1024
"""Before base64."""

CUSTOM_API = f"{CUSTOM_GROUP}/v1"


@dataclass(frozen=True, slots=True)
class SeedKind:
    """A kind of object that can be seeded."""

    resource: str
    build: Callable[[str, Object], Object]
    """From a name and the labels to the object."""
    api: str = "v1"
    """Group and version."""

    def path(self, namespace: str) -> str:
        """Return the collection's path in the API."""
        root = "/apis" if "/" in self.api else "/api"
        return f"{root}/{self.api}/namespaces/{namespace}/{self.resource}"


def pod(name: str, labels: Object) -> Object:
    """Return a pod that nobody schedules and nobody collects.

    Bound to a node that does not exist, the pod garbage collector would delete it within a minute;
    without a scheduler's name, the scheduler would patch it and write events.
    """
    metadata = _padded(name, labels, POD_PADDING)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": _pod_spec()}


def custom(name: str, labels: Object) -> Object:
    """Return a custom resource that looks like a pod and is as large, but has no protobuf."""
    metadata = _padded(name, labels, CUSTOM_PADDING)
    return {"apiVersion": CUSTOM_API, "kind": "Custom", "metadata": metadata, "spec": _pod_spec()}


def _padded(name: str, labels: Object, padding: int) -> Object:
    annotations = {"kubedrill.io/padding": _PADDING[:padding]}
    return {"name": name, "labels": labels, "annotations": annotations}


def _pod_spec() -> Object:
    container = {
        "name": "main",
        "image": "registry.k8s.io/pause:3.10",
        "env": [{"name": f"VARIABLE_{n}", "value": f"value-{n}"} for n in range(4)],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
    }
    return {
        "schedulerName": "none",
        "automountServiceAccountToken": False,
        "containers": [container],
    }


def secret(name: str, labels: Object) -> Object:
    """Return a secret of SECRET_BYTES random-looking bytes."""
    metadata = {"name": name, "labels": labels}
    data = {"value": base64.b64encode(_random_bytes(name, SECRET_BYTES)).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


def _random_bytes(seed: str, size: int) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311 - for bulk, not for secrecy


# Like real annotations it neither compresses to nothing nor needs escaping.
_PADDING = base64.b64encode(_random_bytes("padding", CUSTOM_PADDING)).decode()

KINDS = {
    "pods": SeedKind("pods", pod),
    "secrets": SeedKind("secrets", secret),
    CUSTOMS: SeedKind(CUSTOMS, custom, CUSTOM_API),
}


def body(kind: SeedKind, name: str, labels: Object) -> bytes:
    """Return the object as the API takes it."""
    return json.dumps(kind.build(name, labels), separators=(",", ":")).encode()
