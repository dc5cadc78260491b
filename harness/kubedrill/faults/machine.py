"""Faults on machines: nodes as such, with all that runs in them, of clusters that have nodes of their own."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from kubedrill.faults.actions import actions
from kubedrill.faults.etcd import leading
from kubedrill.faults.fault import Scene, Seen, Whom, missing
from kubedrill.faults.on_zones import ZONE, OnZones, is_silent
from kubedrill.faults.processes import KILL, PAUSE, STOP, OnProcesses, are_well
from kubedrill.faults.toll import ZONAL, Toll
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.components import MACHINE
from kubedrill.record.target import Target


class OnMachines(OnZones, OnProcesses):
    """What those have in common that take machines out."""

    component: ClassVar = MACHINE
    target: ClassVar = "machine-{}"
    effect_s: ClassVar = 20.0
    """One that is stopped has 10 s to end."""
    blast_radius: ClassVar = (
        "the node of zone {zone}, with its control plane and all pods on it; "
        "refused where quorum would be lost"
    )
    return_s: ClassVar = 120.0
    """Started anew, a node starts its kubelet first, and that all else: on a busy machine it takes longer."""

    zone: Whom = ZONE
    allow_quorum_loss: bool = Field(
        False, description="even where the nodes that are left have no quorum, or none is left"
    )

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:  # noqa: ARG002
        """Return the zones, and what stands in each."""
        return [self.toll(kind, self.allow_quorum_loss) for kind in ZONAL]

    def hit(self, record: ClusterRecord, called: str) -> Target:
        """Return a node, with all that runs in it."""
        within = tuple(part.name for part in record.components if part.zone == called)
        return super().hit(record, called).model_copy(update={"kind": "zone", "components": within})

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Take them out; return besides which zones led."""
        leads = leading(scene)
        return {**super().inject(scene), "leads": leads}

    def took_effect(self, scene: Scene) -> Seen:
        """Look whether they are out, nothing in them answers, and another member of etcd leads."""
        if lapse := self.lapse(scene):
            return missing(lapse.words, *scene.targets)
        return is_silent(scene, scene.facts["leads"])

    def undone(self, scene: Scene) -> Seen:
        """Look whether they run, each at its address, and all in them is well."""
        seen = are_well(scene, dict.fromkeys(scene.targets, self.pages))
        return super().undone(scene) if seen.proven else seen


class MachineKill(OnMachines):
    """Kill a node with all that runs in it (SIGKILL), and keep it down until the phase ends."""

    way: ClassVar = KILL


class MachineStop(OnMachines):
    """Stop a node in order, as one that is shut down, and keep it down until the phase ends."""

    way: ClassVar = STOP


class MachinePause(OnMachines):
    """Freeze a node with all that runs in it until the phase ends: a machine that hangs."""

    way: ClassVar = PAUSE


kill, restore = actions(MachineKill)
stop, start = actions(MachineStop)
pause, proceed = actions(MachinePause)
