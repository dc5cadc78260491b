"""Faults: what those have in common that limit a component in a resource of the machine.

A component that is started anew while it is limited is limited from its beginning, as a container is.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from typing import Any, ClassVar

from pydantic import Field

from kubedrill.client.well import PAGES
from kubedrill.cluster.handle import Quota, Resource, Strain, present
from kubedrill.cluster.leases import LED
from kubedrill.faults.attempting import each
from kubedrill.faults.fault import (
    Candidate,
    Fault,
    Lapse,
    NamesWhom,
    Scene,
    Seen,
    Whom,
    missing,
    proof,
)
from kubedrill.faults.led import lease_holder
from kubedrill.faults.processes import are_well, running
from kubedrill.faults.toll import KINDS, Toll
from kubedrill.record.catalogue import ClusterDescription, Need


class Limit(NamesWhom, ABC):
    """A limit of one kind of component, in one resource."""

    component: ClassVar[str]
    resource: ClassVar[Resource]
    hits: ClassVar = "zone"
    verb: ClassVar = "limit"
    done: ClassVar = "limited"
    refused: ClassVar = ""
    """What of it is refused, as the blast radius says it."""
    return_s: ClassVar = 60.0
    """A component that was killed under its limit, or is far behind, has to begin anew."""

    zone: Whom = Field(description="leader, random, a zone such as a, or several zones: [a, b]")

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Take from the component and the resource what they say."""
        if (component := getattr(cls, "component", None)) and hasattr(cls, "resource"):
            cls.target = f"{component}-{{}}"
            cls.needs = (Need("limiting", cls.resource),)
            cls.blast_radius = f"the {component} of zone {{zone}}: its {cls.resource}{cls.refused}"

    @abstractmethod
    def quota(self) -> Quota:
        """Return what it is limited to."""

    @abstractmethod
    def strained(self, scene: Scene, target: str) -> Seen:
        """Look whether a target, which is limited, ran up against that."""

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:  # noqa: ARG002
        """Return what is limited: of every component, and none is away for it."""
        kinds = (f"{self.component} to be limited in its {self.resource}", KINDS[self.component])
        return [replace(self.toll(kind, True), counts=False) for kind in kinds]

    def is_hidden_by(self, other: Fault) -> bool:
        """Whether another one limits the same to no more already."""
        if not isinstance(other, Limit):
            return False
        if (self.component, self.resource) != (other.component, other.resource):
            return False
        measures = zip(astuple(self.quota()), astuple(other.quota()), strict=True)
        return all(mine is None or (then is not None and mine >= then) for mine, then in measures)

    def moves(self) -> tuple[str, ...]:
        """Return its own kind, if one of it leads, and those whose Leases are renewed through it."""
        match self.component:
            case "etcd":
                return ("etcd", *LED)
            case "kube-apiserver":
                return LED
            case alone:
                return (alone,)

    def candidates(self, scene: Scene) -> Sequence[Candidate]:
        """Return those that run, and which of them leads, where that is asked."""
        leaders = self.leaders(scene) if self.zone == "leader" else ()
        return running(scene, self.target, leaders)

    def leaders(self, scene: Scene) -> Sequence[str]:
        """Return the zone of the one that holds the Lease; HandleError if nobody can tell."""
        return lease_holder(scene, self.component)

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Limit them, and remember how they were doing before."""
        limiting = present(scene.handle.limiting)
        before = {target: self.before(scene, target) for target in scene.targets}
        for target in scene.targets:
            limiting.limit(target, self.quota(), until=scene.lease)
        since = {target: self._since(scene, target) for target in scene.targets}
        return {"before": before, "since": since}

    def before(self, scene: Scene, target: str) -> Any:
        """Return what is compared with later, as plain JSON."""
        return self.strain(scene, target).out_of_memory

    def did(self, scene: Scene) -> str:
        """Say what they are limited to."""
        asked = self.model_dump(exclude={"zone", "allow_api_loss"})
        words = ", ".join(f"{name} {value}" for name, value in asked.items())
        return f"limited {' and '.join(scene.targets)} to {words}"

    def took_effect(self, scene: Scene) -> Seen:
        """Look whether each is limited, and ran up against that."""
        if lapse := self.lapse(scene):
            return missing(lapse.words, *scene.targets)
        seen = [self.strained(scene, target) for target in scene.targets]
        if unproven := [found for found in seen if not found.proven]:
            return unproven[0]
        return proof(", ".join(found.words for found in seen))

    def lapse(self, scene: Scene) -> Lapse | None:
        """Return which of them is not limited, or not since it was."""
        for target, since in scene.facts["since"].items():
            found = self._since(scene, target)
            if found is None:
                return Lapse(f"the {self.resource} of {target} was not limited")
            if found != since:
                return Lapse(f"{target} was let go and limited again", over=True)
        return None

    def undo(self, scene: Scene) -> None:
        """Let them have what they can get."""
        limiting = present(scene.handle.limiting)
        each(scene.targets, lambda target: limiting.lift(target, self.quota()))

    def undone(self, scene: Scene) -> Seen:
        """Look whether they are limited no more, run, and say that they are well."""
        for target in scene.targets:
            if self._since(scene, target) is not None:
                return missing(f"the {self.resource} of {target} is limited", target)
        seen = are_well(scene, dict.fromkeys(scene.targets, PAGES[self.component]))
        return proof(f"{seen.words}, not limited") if seen.proven else seen

    def strain(self, scene: Scene, target: str) -> Strain:
        """Return how a target is doing under its quota."""
        return present(scene.handle.limiting).strain(target)

    def _since(self, scene: Scene, target: str) -> int | None:
        return self.strain(scene, target).limited.get(self.resource)
