"""Seed: create the objects, as fast as the API takes them, and count them."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from kubedrill.clock import SECOND, now
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.fleet import Workload
from kubedrill.record.labels import (
    CUSTOMS,
    WORKLOAD,
    labels_of,
    namespace_of,
    namespace_of_workload,
)
from kubedrill.seed.calling import Call, Seeder, SeedFailed, call_all
from kubedrill.seed.definition import define
from kubedrill.seed.kinds import KINDS, body
from kubedrill.seed.workload import MADE_PER_S, make_workload

TIMEOUT = 120 * SECOND
_CONFLICT = 409
"""It is there already, from an attempt whose answer was lost: fine."""


@dataclass(frozen=True, slots=True)
class SeedResult:
    """What was created; `seconds` from the first call to the verified count."""

    created: dict[str, int]
    seconds: float
    namespace: str


def seed(
    record: ClusterRecord,
    run: str,
    wanted: Mapping[str, int],
    report: Callable[[str], None] = lambda _: None,
    workload: Workload = Workload(),  # noqa: B008 - frozen
    *,
    grows: bool = False,
) -> SeedResult:
    """Create `wanted[kind]` objects of each kind and verify that they are there.

    `workload` is how its pods are; it is made without any, too, where it `grows` later. Raises SeedFailed
    with what the API said.
    """
    begun = now()
    until = begun + TIMEOUT + wanted.get(WORKLOAD, 0) * SECOND // MADE_PER_S
    namespace = namespace_of(run)
    if not any(wanted.values()) and not grows:
        return SeedResult(dict(wanted), 0.0, namespace)
    seeder = Seeder(record, until)
    try:
        make_namespace(seeder, namespace, run)
        if wanted.get(CUSTOMS):
            define(record, seeder, run, until)
        call_all(record, _calls(namespace, run, wanted), until)
        created = {
            kind: _count(seeder, namespace, kind) if count and kind in KINDS else 0
            for kind, count in wanted.items()
        }
        if (pods := wanted.get(WORKLOAD, 0)) or grows:
            beside = namespace_of_workload(run)
            make_namespace(seeder, beside, run)
            created[WORKLOAD] = make_workload(
                seeder, beside, run, pods, workload, apart=record.foreign
            )
    finally:
        seeder.close()
    if created != dict(wanted):
        raise SeedFailed(f"namespace {namespace} holds {created}, wanted {dict(wanted)}")
    seconds = (now() - begun) / SECOND
    report(f"{sum(created.values())} objects in {seconds:.1f} s")
    return SeedResult(created, seconds, namespace)


def make_namespace(seeder: Seeder, name: str, run: str) -> None:
    """Make a namespace of a run's, in which pods can be made; SeedFailed."""
    labels = labels_of(run)
    namespace = {"kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    seeder.call("POST", "/api/v1/namespaces", json.dumps(namespace).encode(), fine=(_CONFLICT,))
    # Admission refuses pods until it exists; the controller that makes it may be slow or away.
    account = {"kind": "ServiceAccount", "metadata": {"name": "default", "labels": labels}}
    path = f"/api/v1/namespaces/{name}/serviceaccounts"
    seeder.call("POST", path, json.dumps(account).encode(), fine=(_CONFLICT,))


def _calls(namespace: str, run: str, wanted: Mapping[str, int]) -> Iterator[Call]:
    labels = labels_of(run)
    for name, count in wanted.items():
        if name not in KINDS:
            continue
        path = KINDS[name].path(namespace)
        for number in range(count):
            made = body(KINDS[name], f"{name}-{number:05}", labels)
            yield Call("POST", path, (_CONFLICT,), made)


def _count(seeder: Seeder, namespace: str, kind: str) -> int:
    answer = seeder.json("GET", f"{KINDS[kind].path(namespace)}?limit=1")
    return len(answer["items"]) + int(answer["metadata"].get("remainingItemCount", 0))
