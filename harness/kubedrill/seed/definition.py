"""Seed: the CustomResourceDefinition that custom resources need before they can be made."""

import json
import time
from collections.abc import Callable

from kubedrill.clock import now
from kubedrill.record.cluster import ClusterRecord, Endpoint
from kubedrill.record.labels import CUSTOM_GROUP, CUSTOMS, DEFINITION, labels_of
from kubedrill.seed.calling import Seeder, SeedFailed
from kubedrill.seed.kinds import CUSTOM_API, Object

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_LOOK_S = 0.1
_CONFLICT, _NOT_FOUND = 409, 404


def define(record: ClusterRecord, seeder: Seeder, run: str, until: int) -> None:
    """Make the definition, and wait until each apiserver serves what it defines.

    SeedFailed if that is not so by `until` (monotonic ns).
    """
    made = json.dumps(definition(run)).encode()

    def established() -> bool:
        # Made anew each time: the one of a run before may just be going.
        seeder.call("POST", DEFINITIONS, made, fine=(_CONFLICT,))
        answer = seeder.call("GET", f"{DEFINITIONS}/{DEFINITION}", fine=(_NOT_FOUND,))
        return answer.status != _NOT_FOUND and _is_established(json.loads(answer.body))

    _await(established, f"{DEFINITION} is not established", until)
    for apiserver in record.of_kind("kube-apiserver"):
        _await_served(record, apiserver.serving, until)


def definition(run: str) -> Object:
    """Return the CustomResourceDefinition; what is in a spec is nobody's business."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": anything}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    names = {"plural": CUSTOMS, "singular": "custom", "kind": "Custom", "listKind": "CustomList"}
    spec = {"group": CUSTOM_GROUP, "scope": "Namespaced", "names": names, "versions": [version]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": DEFINITION, "labels": labels_of(run)},
        "spec": spec,
    }


def _is_established(found: Object) -> bool:
    # Just made it has no status, or conditions that are null.
    conditions = (found.get("status") or {}).get("conditions") or ()
    states = {condition["type"]: condition["status"] for condition in conditions}
    return states.get("Established") == "True" and "deletionTimestamp" not in found["metadata"]


def _await_served(record: ClusterRecord, apiserver: Endpoint, until: int) -> None:
    seeder = Seeder(record, until, apiserver)
    path = f"/apis/{CUSTOM_API}/{CUSTOMS}?limit=1"
    try:
        _await(
            lambda: seeder.call("GET", path, fine=(_NOT_FOUND,)).status != _NOT_FOUND,
            f"the apiserver at {apiserver.host}:{apiserver.port} serves no {DEFINITION}",
            until,
        )
    finally:
        seeder.close()


def _await(done: Callable[[], bool], otherwise: str, until: int) -> None:
    while not done():
        if now() > until:
            raise SeedFailed(f"out of time; {otherwise}")
        time.sleep(_LOOK_S)
