"""The handle of a cluster of kind's: its daemon does what is asked; what runs is seen on this machine."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubedrill.clock import SECOND, now
from kubedrill.cluster.asking import SupervisorCaller, SupervisorGone, ask
from kubedrill.cluster.by_daemon import Cuts, EtcdObeys, Programs, Shapes, SupervisedCluster
from kubedrill.cluster.daemon import start
from kubedrill.cluster.files import Files
from kubedrill.cluster.handle import Absent, HandleError, description
from kubedrill.cluster.holds import EVERYBODY
from kubedrill.cluster.kind.definition import KindDefinition
from kubedrill.cluster.kind.engine import EngineFailed
from kubedrill.cluster.kind.layout import BALANCER, KINDS, SHAPELESS, KindLayout, is_there
from kubedrill.cluster.state import state_folder
from kubedrill.record.catalogue import ClusterDescription

_LOGS = "tail -n 1 $(ls -t /var/log/pods/kube-system_{kind}-*/{kind}/*.log | head -n 1)"
STARTS, LOOK_S = 2 * SECOND, 0.1
"""For a daemon that is being started to listen."""


@dataclass(frozen=True, slots=True)
class KeeperCaller(SupervisorCaller):
    """The daemon, as an owner asks it; it is started anew where it has been killed."""

    def ask(self, do: str, **given: Any) -> dict[str, Any]:
        """Ask for something on the owner's behalf, and return the answer; HandleError."""
        request = {"do": do, "owner": self.owner, **given}
        try:
            return ask(self.socket, request)
        except SupervisorGone:
            start_daemon(self.socket.parent)
        until = now() + STARTS
        while True:
            try:
                return ask(self.socket, request)
            except SupervisorGone:  # another one starts it just now
                if now() > until:
                    raise
                time.sleep(LOOK_S)


def start_daemon(folder: Path) -> None:
    """Start what keeps a cluster; HandleError where there is none, or it does not start."""
    if not is_there(folder):
        raise SupervisorGone(f"there is no cluster in {folder}")
    if said := start("kubedrill.cluster.kind.daemon", folder, engine=True):
        raise SupervisorGone(f"what keeps the cluster did not start: {said}")


class KindHandle(SupervisedCluster):
    """One cluster, by its folder; what is done to it is done for `owner`, or for nobody."""

    entering = Absent("what runs here is in no node: its network is the container's")
    limiting = Absent("what kubelet runs is in control groups of its own")
    flagging = Absent("flags stand in manifests that kubelet reads, and are left as they are")
    balancing = Absent("kind's balancer takes no orders")

    def __init__(
        self, folder: Path, owner: str = EVERYBODY, layout: KindLayout | None = None
    ) -> None:
        daemon = KeeperCaller(Files(folder).socket, owner)
        super().__init__(folder, daemon)
        self._layout = layout
        wiring = layout or _planned(balanced=True)  # of one that is gone nobody cuts a link
        kinds = (*KINDS, BALANCER) if wiring.balancer else KINDS
        self.holding = self.pausing = Programs(daemon, kinds)
        self.cutting = Cuts(daemon, wiring)
        self.shaping = Shapes(daemon, wiring, SHAPELESS)
        self.commanding = EtcdObeys()

    def lost(self) -> str:
        """Say which of its containers is not there any more."""
        if self._layout is None:
            return "is not up any more"
        try:
            gone = self._gone(self._layout)
        except EngineFailed as error:
            return f"cannot be looked at ({error})"
        if gone:
            return f"has lost its {' and '.join(gone)}"
        try:
            self.components()
        except HandleError as error:
            return f"cannot be worked with ({error})"
        return ""

    def is_gone(self) -> bool:
        """Whether none of its nodes is left."""
        if self._layout is None:
            return True
        try:
            return len(self._gone(self._layout)) == len(self._layout.nodes)
        except EngineFailed:
            return False

    def last_line(self, component: str) -> str:
        """Read the end of its log, in its node."""
        node = self._layout and self._layout.components.get(component)
        if not node or not self._layout:
            return ""
        script = _LOGS.format(kind=component.removesuffix(f"-{node.zone}"))
        try:
            return self._layout.at.execute(node.id, "sh", "-c", script).strip()
        except EngineFailed:
            return ""

    def data(self) -> Path | None:
        """Say that its data are the engine's."""
        return None

    @staticmethod
    def _gone(layout: KindLayout) -> list[str]:
        """Return the names of the nodes that are not there any more; EngineFailed."""
        there = {found.id for found in layout.at.containers(layout.cluster)}
        return [node.name for node in layout.nodes if node.id not in there]


def _planned(*, balanced: bool) -> KindLayout:
    """Return the layout of a cluster that is not up: it has no nodes yet."""
    balancer = "planned" if balanced else ""
    return KindLayout("docker", "", "", ours=False, network="", nodes=(), balancer=balancer)


def handle(folder: Path, owner: str = EVERYBODY) -> KindHandle:
    """Return the handle of the cluster of a folder, as one who acts for an owner."""
    return KindHandle(folder, owner, KindLayout.read(folder) if is_there(folder) else None)


def described(definition: KindDefinition) -> ClusterDescription:
    """Return what may be done to a cluster of this definition."""
    layout = _planned(balanced=definition.control_planes > 1)
    found = KindHandle(state_folder(), layout=layout)
    return description(found, definition.zones, foreign=bool(definition.existing))
