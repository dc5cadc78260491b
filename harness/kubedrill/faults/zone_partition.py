"""Faults on links: zones that are cut off from others, and members from their peers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from pydantic import Field

from kubedrill.cluster.handle import Link, present
from kubedrill.faults.actions import actions
from kubedrill.faults.attempting import each
from kubedrill.faults.fault import Lapse, Scene, Seen, Whom, missing, proof
from kubedrill.faults.on_zones import ZONE, Direction, OnTraffic, OnZones, uncut
from kubedrill.faults.toll import Toll
from kubedrill.record.catalogue import ClusterDescription, Need
from kubedrill.record.faults import Witness

API_PORT, PEERS_PORT, ETCD_PORTS = 6443, 2380, {2379, 2380}
"""The ports whose loss takes an apiserver, or a member, from the others."""


class OnLinks(OnZones, ABC):
    """What those have in common that cut links; each says which one of each zone."""

    needs: ClassVar = (Need("cutting", "link"),)
    verb: ClassVar = "cut off"
    done: ClassVar = "cut off"
    hits_deaf: ClassVar = True
    """What is sent to one that answers nobody is dropped, too."""

    @abstractmethod
    def link(self, zone: str) -> Link:
        """Return what is cut of a zone."""

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Cut them."""
        for link in self.links(scene).values():
            present(scene.handle.cutting).cut(link, until=scene.lease)
        return {}

    def did(self, scene: Scene) -> str:
        """Say whose links were cut."""
        return f"cut the link of {' and '.join(scene.targets)}"

    def took_effect(self, scene: Scene) -> Seen:
        """Look whether something that was sent over each of them did not come through."""
        cutting, counts = present(scene.handle.cutting), {}
        for target, link in self.links(scene).items():
            counts[target] = cutting.dropped(link)
            if not counts[target]:
                seen = "is not cut" if counts[target] is None else "is cut, but nothing was sent"
                return missing(f"the link of {target} {seen}", target)
        return proof(
            "; ".join(f"{target}: {lost} packets dropped" for target, lost in counts.items())
        )

    def lapse(self, scene: Scene) -> Lapse | None:
        """Return which link is not cut any more."""
        return uncut(scene, self.links(scene))

    def undo(self, scene: Scene) -> None:
        """Mend them."""
        links = self.links(scene)
        each(links, lambda target: present(scene.handle.cutting).mend(links[target]))

    def undone(self, scene: Scene) -> Seen:
        """Look whether nothing is dropped any more, and all that runs in the zones is well."""
        for target, link in self.links(scene).items():
            if present(scene.handle.cutting).dropped(link) is not None:
                return missing(f"the link of {target} is cut", target)
        return super().undone(scene)

    def links(self, scene: Scene) -> dict[str, Link]:
        """Return what is cut, by target."""
        return {target.name: self.link(target.called) for target in scene.hit}


class ZonePartition(OnTraffic, OnLinks):
    """Cut a zone off: from all others or from one, both ways or one way, all that is sent or some ports."""

    name: ClassVar = "zone.partition"
    functions: ClassVar = ("partition", "rejoin")
    blast_radius: ClassVar = (
        "what zone {zone} and others send each other ({of}); refused where quorum would be lost"
    )

    zone: Whom = ZONE
    from_zone: str | None = Field(None, description="only what goes to and comes from this zone")
    direction: Direction = Field("both", description="only what comes in, or goes out")
    ports: list[Annotated[int, Field(ge=1, le=65535)]] = Field(
        [],
        description="only connections to these, such as 2380, where etcd's peers meet; all if none",
    )
    allow_quorum_loss: bool = Field(
        False, description="even where the zones that are left have no quorum"
    )

    def refuse(self, cluster: ClusterDescription) -> str:
        """Refuse a zone at the other end that there is not, or that is cut off itself."""
        if self.of == "nodes" and (self.from_zone or self.ports):
            return f"{self.name}: of: nodes is cut from the load balancer; leave from_zone and ports out"
        if self.from_zone is None:
            return ""
        if self.from_zone not in cluster.zones:
            return f'{self.name}: no zone "{self.from_zone}"; known: {", ".join(cluster.zones)}'
        itself = self.from_zone == self.zone or self.from_zone in self.zone
        return f"{self.name}: a zone is not cut off from itself; from_zone is another" * itself

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:  # noqa: ARG002
        """Return what the others do not reach."""
        if self.of == "nodes":
            return (replace(self.toll("link", True), counts=False),)
        peers = not self.ports or bool(ETCD_PORTS & {*self.ports})
        if self.from_zone is not None:
            member = self.toll("member", self.allow_quorum_loss)
            cut = replace(member, counts=False, cut_from=self.from_zone)
            return (self.toll("link", True), cut) if peers else (self.toll("link", True),)
        # Over a link that is whole, and cut, nothing is left to be slow.
        link = self.toll("link", True)
        tolls = [link if self.ports else replace(link, leaves="deaf")]
        if peers:
            tolls.append(self.toll("member", self.allow_quorum_loss))
        if not self.ports or API_PORT in self.ports:
            tolls.append(self.toll("apiserver", self.allow_quorum_loss))
        return tolls

    def shows(self) -> tuple[Witness, ...]:
        """Return that nothing in it answers, where all is cut that is sent to it, or by it."""
        return () if self.from_zone or self.ports or self.of == "nodes" else ("silence",)

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Cut them."""
        self.needs_nodes(scene)
        return super().inject(scene)

    def link(self, zone: str) -> Link:
        """Return what is cut of a zone."""
        return Link(zone, self.from_zone, self.direction, tuple(self.ports), self.of)


partition, rejoin = actions(ZonePartition)
