"""What a drill must be allowed to do in a cluster: of its experiment's load, seed, faults and observers."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from kubedrill.cluster.roles import AUDITOR_LOOKS, AUDITOR_RULES, LEDGER_RULES, PROBE_RULES
from kubedrill.experiment import Experiment
from kubedrill.faults.fault import Fault
from kubedrill.fleet.rights import taking_rights
from kubedrill.record.catalogue import Catalogue
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.fleet import CLUSTER
from kubedrill.record.labels import (
    AUDITED,
    CUSTOM_GROUP,
    CUSTOMS,
    DEFINITION,
    NAMESPACE,
    WORKLOAD,
)
from kubedrill.record.rights import Right, rights_in, said
from kubedrill.record.surrounding import needs_auditor

_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
_SEEDED = {
    "pods": "pods",
    "secrets": "secrets",
    "configmaps": "configmaps",
    CUSTOMS: f"{CUSTOMS}.{CUSTOM_GROUP}",
}
"""By kind of what is seeded, its resource."""
_NAMESPACES = "create,list,delete namespaces"
_WORKERS = "create serviceaccounts; create configmaps; create jobs.batch; list,delete pods"
_WORKLOAD = (
    "create,get,patch deployments.apps; create poddisruptionbudgets.policy; list,delete pods"
)


BESIDE_S = 900.0
"""What a drill does before its first phase, and to clear away, takes not that long."""


@dataclass(frozen=True, slots=True)
class Needed:
    """What is needed for a part of a drill."""

    part: str
    """`load mass-list`, `etcd.kill`, `the prober`."""
    rights: tuple[Right, ...]


def needed(
    experiment: Experiment, catalogue: Catalogue, kinds: Mapping[str, type[Fault]]
) -> Iterator[Needed]:
    """Yield what each part of a drill needs."""
    yield Needed("the prober", tuple(rights_in(PROBE_RULES, NAMESPACE)))
    yield Needed("what takes a drill's own namespaces away", tuple(_written(_NAMESPACES)))
    yield Needed("the ledger in the cluster", tuple(rights_in(LEDGER_RULES, NAMESPACE)))
    for number, load in enumerate(experiment.loads):
        told = catalogue.loads.get(number)
        yield Needed(f"load {load.name}", tuple(permitted(told.permissions if told else {})))
        if load.workers and load.workers.pods:
            yield Needed(f"the workers of load {load.name}", tuple(_written(_WORKERS)))
    yield from _seeded(experiment)
    asked = [told.objective.text for told in experiment.objectives]
    if needs_auditor(asked):
        yield Needed("the auditor", tuple(rights_in(AUDITOR_RULES, AUDITED)))
    if needs_auditor(asked) or experiment.faults or experiment.fleet:
        yield Needed("the auditor", tuple(rights_in(AUDITOR_LOOKS)))
    if catalogue.cluster and catalogue.cluster.scraped:
        yield Needed("the scraper", (Right("get", path="/metrics"),))
    for name in dict.fromkeys(fault.name for fault in experiment.faults if fault.name in kinds):
        yield Needed(name, tuple(rights_of_fault(kinds[name])))
    if experiment.rights:
        yield Needed("activities", tuple(rights_in(experiment.rights)))
    if (fleet := experiment.fleet) and fleet.engine != CLUSTER:
        yield Needed("a fleet", tuple(taking_rights(fleet)))


def rights_of_fault(kind: type[Fault]) -> Iterator[Right]:
    """Yield what the injector needs for a fault, and that it sees which cluster it is in."""
    if kind.identity:
        yield Right("get", "namespaces", name="kube-system")
        yield from _written(kind.rights)


def permitted(permissions: Mapping[str, str]) -> Iterator[Right]:
    """Yield what a profile says that it needs."""
    for grouped, verbs in permissions.items():
        yield from (Right.of(verb, grouped) for verb in verbs.split(", "))


def _seeded(experiment: Experiment) -> Iterator[Needed]:
    """Yield what it takes to seed, to count, and to remove again."""
    wanted = experiment.seed.wanted()
    for kind in (kind for kind, count in wanted.items() if count and kind in _SEEDED):
        yield Needed(f"seed {kind}", tuple(_written(f"create,list,delete {_SEEDED[kind]}")))
    if any(wanted.values()):
        yield Needed("seed", tuple(_written("create serviceaccounts")))
    if wanted.get(CUSTOMS):
        made = Right.of("create", _DEFINITIONS), Right.of("list", _DEFINITIONS)
        named = [
            replace(Right.of(verb, _DEFINITIONS), name=DEFINITION) for verb in ("get", "delete")
        ]
        yield Needed(f"seed {CUSTOMS}", (*made, *named))
    if wanted.get(WORKLOAD) or (experiment.fleet and experiment.fleet.demands):
        yield Needed(f"seed {WORKLOAD}", tuple(_written(_WORKLOAD)))


def _written(text: str) -> Iterator[Right]:
    """Yield the rights of a text such as `get,list nodes; create pods/eviction`."""
    for part in filter(None, text.split("; ")):
        verbs, _, grouped = part.partition(" ")
        yield from (Right.of(verb, grouped) for verb in verbs.split(","))


def lacking(parts: Iterable[Needed], refused: Iterable[Right]) -> str:
    """Return in words what is refused of what is needed, and for what; "" if nothing is."""
    missing = {*refused}
    found = ((part.part, [right for right in part.rights if right in missing]) for part in parts)
    return "; ".join(f"{said(rights)}, which {part} needs" for part, rights in found if rights)


def rights_in_parts(parts: Iterable[Needed]) -> list[Right]:
    """Return every right of these, each once."""
    return sorted({right for part in parts for right in part.rights})


def outlived(record: ClusterRecord, seconds: float) -> str:
    """Return why a drill that lasts so long outlives the tokens of its identities; "" if it does not."""
    if record.expires is None or time.time() + seconds + BESIDE_S < record.expires:
        return ""
    left = max(0.0, record.expires - time.time())
    return (
        f"the tokens of its identities on cluster {record.name} expire in {left:.0f} s, and the drill takes "
        f"{seconds:g} s and what stands around it; make them anew (kubedrill cluster down {record.name}), or "
        "make the drill shorter than its cluster lets tokens live"
    )


def withheld(parts: Iterable[Needed], record: ClusterRecord) -> str:
    """Return why identities that a cluster has since before cannot do what is needed; "" if they can."""
    refused = [right for right in rights_in_parts(parts) if str(right) in record.withheld]
    if not refused:
        return ""
    return (
        f"the identities that cluster {record.name} has may not {said(refused)}, which could not be given "
        f"to them when they were made; make them anew: kubedrill cluster down {record.name}"
    )
