"""What a cluster of somebody else's lets a drill do there, and what would have to be granted."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import yaml

from kubedrill import catalogue, cluster, places
from kubedrill.catalogue import describe_cluster, read_experiment
from kubedrill.cluster.adopted.access import Access
from kubedrill.cluster.adopted.definition import AdoptedDefinition
from kubedrill.cluster.adopted.giving import base_rights
from kubedrill.cluster.adopted.up import reached
from kubedrill.errors import NotStarted
from kubedrill.faults.catalogue import gather
from kubedrill.faults.fault import Fault
from kubedrill.faults.possible import lacks
from kubedrill.load.describe import NotAProfile
from kubedrill.needed import Needed, needed, permitted, rights_in_parts, rights_of_fault
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.rights import Right, rules_of, said, uncovered

ROLE = "kubedrill-drills"


def adopted(name: str) -> tuple[AdoptedDefinition, ClusterDescription]:
    """Return how a cluster was adopted, and what it can take; NotStarted if it was not."""
    described = describe_cluster(places.cluster_file(name))
    if not isinstance(described.definition, AdoptedDefinition):
        raise NotStarted(f"cluster {name} was not adopted: its provider is {described.provider}")
    return described.definition, described


def access(name: str) -> AbstractContextManager[Access]:
    """Return access to an adopted cluster, as whoever its kubeconfig says; NotStarted if another answers."""
    definition, _ = adopted(name)
    return closing(reached(definition))


def rows(name: str) -> list[dict[str, Any]]:
    """Return a row for each fault and load profile: whether it can be played there, and if not, why."""
    _, described = adopted(name)
    assert described.definition is not None
    kinds, profiles = gather(places.fault_files()).kinds, _profiles()
    parts = [*(_of_fault(kind) for kind in kinds.values()), *profiles]
    refused = {*cluster.may_not(described.definition, [*base_rights(), *rights_in_parts(parts)])}
    base = [right for right in base_rights() if right in refused]
    return [
        {"what": part.part, "can be played": _answer(part, refused, base, kinds, described)}
        for part in parts
    ]


def operated(described: ClusterDescription) -> dict[str, list[str]]:
    """Return by component what commands of the cluster's file do to it."""
    return {name: [*ways] for name, ways in described.commands.items()}


def role(files: Iterable[Path]) -> str:
    """Return the least ClusterRole with which these experiments can be played, as YAML."""
    rights = {*base_rights()}
    for file in files:
        experiment, known = read_experiment(file)
        kinds = gather(places.fault_files(file)).kinds
        rights |= {*rights_in_parts(needed(experiment, known, kinds))}
    made = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": ROLE},
        "rules": rules_of(uncovered(rights)),
    }
    return yaml.safe_dump(made, sort_keys=False)


def _of_fault(kind: type[Fault]) -> Needed:
    return Needed(kind.name, tuple(rights_of_fault(kind)))


def _profiles() -> list[Needed]:
    found = catalogue.profiles().look_at_all()
    return [
        Needed(f"load {name}", tuple(permitted(_usual(profile.permissions))))
        for name, profile in found.items()
        if not isinstance(profile, NotAProfile)
    ]


def _usual(permissions: Mapping[str, str]) -> dict[str, str]:
    """Return what a profile needs that reads what it does by default: pods."""
    return {name.format(resource="pods"): verbs for name, verbs in permissions.items()}


def _answer(
    part: Needed,
    refused: set[Right],
    base: list[Right],
    kinds: Mapping[str, type[Fault]],
    described: ClusterDescription,
) -> str:
    reasons = _together(lacks(kinds[part.part], described)) if part.part in kinds else []
    if missing := [*base, *(right for right in part.rights if right in refused)]:
        reasons.append(f"one may not {said(missing)}")
    return f"no: {'; '.join(reasons)}" if reasons else "yes"


def _together(lacks: Iterable[str]) -> list[str]:
    """Return what is lacking, `NEED: WHY` each, the needs of one reason together."""
    needs: dict[str, list[str]] = {}
    for lack in lacks:
        need, _, why = lack.partition(": ")
        needs.setdefault(why, []).append(need)
    return [f"{', '.join(known)}: {why}" if why else known[0] for why, known in needs.items()]
