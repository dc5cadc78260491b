"""Faults: what those on zones have in common: whom they hit, and that all in a zone is well again."""

from abc import ABC
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from kubedrill.client.well import PAGES
from kubedrill.cluster.handle import HandleError, Link, Traffic, present
from kubedrill.cluster.leases import LED
from kubedrill.faults.etcd import caught_up, leading, statuses
from kubedrill.faults.fault import Candidate, Lapse, NamesWhom, Scene, Seen, missing, proof
from kubedrill.faults.on_fleet import is_played
from kubedrill.faults.processes import are_well
from kubedrill.record.cluster import ClusterRecord, Component
from kubedrill.record.components import MACHINE
from kubedrill.record.target import Target

ZONE = Field(
    description="leader (the zone of etcd's), random, a zone such as a, or several zones: [a, b]"
)
Direction = Literal["both", "in", "out"]
OF: Traffic = Field(
    "all",
    description='"nodes": only what nodes of a fleet in the zone and the load balancer send each other; '
    "the control plane goes on",
)


class OnZones(NamesWhom, ABC):
    """What all of them have in common."""

    hits: ClassVar = "zone"
    target: ClassVar = "zone-{}"
    effect_s: ClassVar = 15.0
    """An election takes 1-2 s without heartbeats (etcd's timeout, randomized); several may be split."""
    return_s: ClassVar = 60.0
    """An apiserver is ready 5-8 s after its start here, with both cores for it."""

    def moves(self) -> tuple[str, ...]:
        """Return etcd, and those that renew their Leases through an apiserver: all run in each zone."""
        return ("etcd", *LED)

    def hit(self, record: ClusterRecord, called: str) -> Target:
        """Return a zone, with all that runs in it; or what else stands there that a fault hits alone."""
        found = super().hit(record, called)
        within = tuple(part.name for part in record.components if part.zone == called)
        return found.model_copy(update={"components": found.components or within})

    def candidates(self, scene: Scene) -> Sequence[Candidate]:
        """Return the zones in which something runs."""
        states = scene.handle.components()
        leaders = leading(scene)
        return [
            Candidate(zone, leads=zone in leaders)
            for zone in scene.record.zones
            if any(states[part.name].state == "running" for part in parts(scene, zone))
        ]

    def undone(self, scene: Scene) -> Seen:
        """Look whether all that runs in the zones is well."""
        zones = [target.called for target in scene.hit]
        there = {
            part.name: PAGES.get(part.kind, ()) for zone in zones for part in parts(scene, zone)
        }
        seen = are_well(scene, there)
        return caught_up(scene, zones) if seen.proven else seen


class OnTraffic(OnZones, ABC):
    """A fault on what goes over zones' links: all of it, or what their nodes and the control plane send."""

    of: Traffic = OF

    def moves(self) -> tuple[str, ...]:
        """Return nobody where only nodes are hit."""
        return () if self.of == "nodes" else super().moves()

    def hit(self, record: ClusterRecord, called: str) -> Target:
        """Return a zone; where only its nodes are hit, without what else runs in it."""
        found = super().hit(record, called)
        return found.model_copy(update={"components": ()}) if self.of == "nodes" else found

    def needs_nodes(self, scene: Scene) -> None:
        """Raise HandleError where only nodes are to be hit, and there are none."""
        if self.of == "nodes" and not is_played(scene.record):
            raise HandleError("there is no fleet, and so no nodes in the zone")


def uncut(scene: Scene, links: Mapping[str, Link]) -> Lapse | None:
    """Return which target's link is not cut any more."""
    for target, link in links.items():
        if present(scene.handle.cutting).dropped(link) is None:
            return Lapse(f"the link of {target} let through again")
    return None


def parts(scene: Scene, zone: str) -> list[Component]:
    """Return what runs in a zone; not its machine, where that is a component too."""
    components = scene.record.components
    return [part for part in components if part.zone == zone and part.kind != MACHINE]


def is_silent(scene: Scene, leads: Sequence[str]) -> Seen:
    """Look whether nothing in the zones answers and, where that can be, another member of etcd leads.

    `leads` are the zones that led before.
    """
    zones = [target.called for target in scene.hit]
    found = statuses(scene.record)
    if still := [zone for zone in zones if zone in found]:
        words = "what was hit was something else"
        return missing(f"etcd-{' and etcd-'.join(still)} answered: {words}", *scene.targets)
    gone = f"nothing answers in {' and '.join(scene.targets)}"
    left = len(scene.record.zones) - len(zones)
    if left < len(scene.record.zones) // 2 + 1:
        return proof(f"{gone}; no quorum is left")
    if not set(leads) & set(zones):
        return proof(gone)
    for zone, said in found.items():
        if said.is_leader:
            return proof(f"{gone}; etcd-{zone} leads")
    return missing("no other member led")
