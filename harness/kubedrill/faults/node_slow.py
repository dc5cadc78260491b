"""Nodes of a fleet that work, but whose kubelets take long for everything."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import ClassVar

from pydantic import Field

from kubedrill.client.informer import is_ready
from kubedrill.cluster.handle import HandleError
from kubedrill.faults.actions import actions
from kubedrill.faults.api import Api, Object
from kubedrill.faults.fault import Fault, Lapse, Scene
from kubedrill.faults.node_fleet import (
    OBEYS_S,
    SILENT_S,
    OnFleet,
    leases_of,
    renewed_at,
    renewed_since,
)
from kubedrill.faults.on_fleet import repaired
from kubedrill.record.fleet_lines import Plight, Slowness

EXACT_S = 1.5
"""The API says in whole seconds when it was written to; half a second more is for the way."""


class NodeSlow(OnFleet):
    """Slow nodes down until the phase ends: Leases and status come late, pods take longer."""

    name: ClassVar = "node.slow"
    functions: ClassVar = ("slow_nodes", "quicken_nodes")
    verb: ClassVar = "slow down"
    done: ClassVar = "slow"
    effect_s: ClassVar = 180.0
    return_s: ClassVar = 90.0
    blast_radius: ClassVar = (
        "node {node}: its Lease and every status come {delay_s} s late, its pods take {slowdown} times as "
        "long; where Leases come later than the grace period (50 s), it is NotReady from time to time"
    )

    delay_s: float = Field(
        15, ge=5, le=120, description="seconds that its Lease, and any status, is written later"
    )
    slowdown: float = Field(
        3, ge=1, le=1000, description="so many times as long its pods take to start, and to end"
    )

    def is_hidden_by(self, other: Fault) -> bool:
        """Whether another one slows it down, too."""
        return isinstance(other, NodeSlow)

    def plight(self) -> Plight:
        """Return that they are slow."""
        return "slow"

    def slowness(self) -> Slowness:
        """Return by how much."""
        return Slowness(self.delay_s, self.slowdown)

    def may_be_hit(self, found: Object) -> bool:
        """Whether it is Ready."""
        return is_ready(found)

    def suffers(self, found: Object) -> bool:  # noqa: ARG002 - its Lease tells
        """Return that nothing of it stands in its object."""
        return False

    def lacks(self, scene: Scene, api: Api) -> Iterator[str]:
        """Yield whose Lease came in time since, or not at all; HandleError where none could have come yet."""
        leases = leases_of(api)
        for target in scene.hit:
            lease = leases.get(target.called)
            if lease is not None and not renewed_since(scene, lease):
                if time.time() - scene.facts["at"] < OBEYS_S + SILENT_S + self.delay_s:
                    raise HandleError(f"{target.name} has not renewed its Lease yet")
                yield target.name
            elif lease is None or not self._is_late(lease):
                yield target.name

    def lapse(self, scene: Scene) -> Lapse | None:
        """Return whose Lease comes in time again."""
        with closing(Api(scene.record)) as api:
            leases = leases_of(api)
        known = [
            (target.name, leases[target.called]) for target in scene.hit if target.called in leases
        ]
        quick = {
            name
            for name, lease in known
            if renewed_since(scene, lease) and not self._is_late(lease)
        }
        names = ", ".join(sorted(quick - repaired(scene)))
        return Lapse(f"{names} was not slow any more") if names else None

    def beats(self, scene: Scene, lease: Object | None) -> bool:
        """Whether its Lease was renewed since, and came in time."""
        return (
            lease is not None and super().beats(scene, lease) and late_s(lease) < self.delay_s / 2
        )

    def _is_late(self, lease: Object) -> bool:
        return late_s(lease) > self.delay_s - EXACT_S


slow_nodes, quicken_nodes = actions(NodeSlow)


def late_s(lease: Object) -> float:
    """Return how much later than it says the API has taken a Lease: seconds, up to one too few."""
    written = [
        each["time"] for each in lease["metadata"].get("managedFields", ()) if "time" in each
    ]
    return max(map(_at, written), default=0.0) - renewed_at(lease)


def _at(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
