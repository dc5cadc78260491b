"""Faults on kubelets, where a cluster has nodes of its own: what runs on one goes on, and nobody minds it."""

from collections.abc import Sequence
from contextlib import closing
from typing import ClassVar

from pydantic import Field

from kubedrill.client.informer import is_ready
from kubedrill.faults.actions import actions
from kubedrill.faults.api import Api
from kubedrill.faults.fault import Scene, Seen, Whom, missing, proof
from kubedrill.faults.on_nodes import NODES
from kubedrill.faults.possible import no_leader
from kubedrill.faults.processes import KILL, PAUSE, STOP, OnProcesses
from kubedrill.faults.toll import Toll
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.cluster import INJECTOR, ClusterRecord
from kubedrill.record.components import KUBELET
from kubedrill.record.faults import Witness
from kubedrill.record.target import Target


class OnKubelets(OnProcesses):
    """What those have in common that take kubelets out."""

    component: ClassVar = KUBELET
    hits: ClassVar = "zone"
    target: ClassVar = "kubelet-{}"
    identity: ClassVar = INJECTOR
    rights: ClassVar = "get nodes"
    blast_radius: ClassVar = (
        "the kubelet of the node of zone {zone}: it is NotReady after the grace period (50 s); what runs "
        "there goes on, but nothing is started there, or started anew"
    )
    return_s: ClassVar = 60.0
    """A node is Ready within some seconds of its kubelet's start; a busy machine takes longer."""

    zone: Whom = Field(description="random, a zone such as a, or several zones: [a, b]")

    def refuse(self, cluster: ClusterDescription) -> str:
        """Refuse a leader: there is none."""
        return no_leader(self.name, self.zone, cluster, KUBELET)

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:  # noqa: ARG002
        """Return the kubelets: all may be taken, but none twice."""
        return (self.toll(KUBELET, True),)

    def hit(self, record: ClusterRecord, called: str) -> Target:
        """Return a kubelet, and behind it its node, and all that it would start anew."""
        found = super().hit(record, called)
        starts = (part.name for part in record.components if part.zone == called)
        behind = (*starts, *([record.hosts[called]] if called in record.hosts else []))
        return found.model_copy(update={"behind": behind})

    def shows(self) -> tuple[Witness, ...]:
        """Return what its way shows, but for silence: nobody asks it anything."""
        return tuple(witness for witness in self.way.shows if witness != "silence")

    def undone(self, scene: Scene) -> Seen:
        """Look whether they run, say that they are well, and their nodes are Ready."""
        seen = super().undone(scene)
        return _are_ready(scene, seen) if seen.proven else seen


def _are_ready(scene: Scene, well: Seen) -> Seen:
    with closing(Api(scene.record)) as api:
        for target in scene.hit:
            node = scene.record.hosts[target.called]
            if not is_ready(api.read(f"{NODES}/{node}").said):
                return missing(f"node {node} is not Ready", target.name)
    return proof(f"{well.words}, and the node is Ready")


class KubeletKill(OnKubelets):
    """Kill a kubelet with SIGKILL and keep it down until the phase ends."""

    way: ClassVar = KILL


class KubeletStop(OnKubelets):
    """Stop a kubelet (SIGTERM) and keep it down until the phase ends."""

    way: ClassVar = STOP


class KubeletPause(OnKubelets):
    """Pause a kubelet (SIGSTOP) until the phase ends."""

    way: ClassVar = PAUSE


kill, restore = actions(KubeletKill)
stop, start = actions(KubeletStop)
pause, proceed = actions(KubeletPause)
