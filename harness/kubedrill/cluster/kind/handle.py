"""The handle of a cluster of kind's: its daemon does what is asked; what runs is seen on this machine."""

from pathlib import Path

from kubedrill.cluster.by_daemon import Cuts, EtcdObeys, Programs, Shapes
from kubedrill.cluster.containers import BALANCER, ContainerCluster, KeeperCaller, is_there
from kubedrill.cluster.engine import EngineFailed
from kubedrill.cluster.files import Files
from kubedrill.cluster.handle import Absent, description
from kubedrill.cluster.holds import EVERYBODY
from kubedrill.cluster.kind.definition import KindDefinition
from kubedrill.cluster.kind.layout import KINDS, LABELS, SHAPELESS, KindLayout
from kubedrill.cluster.state import state_folder
from kubedrill.record.catalogue import ClusterDescription

DAEMON = "kubedrill.cluster.kind.daemon"
_LOGS = "tail -n 1 $(ls -t /var/log/pods/kube-system_{kind}-*/{kind}/*.log | head -n 1)"


class KindHandle(ContainerCluster[KindLayout]):
    """One cluster; what is done to it is done for `owner`, or for nobody."""

    entering = Absent("what runs here is in no node: its network is the container's")
    limiting = Absent("what kubelet runs is in control groups of its own")
    flagging = Absent("flags stand in manifests that kubelet reads, and are left as they are")
    balancing = Absent("kind's balancer takes no orders")

    def __init__(
        self, folder: Path, owner: str = EVERYBODY, layout: KindLayout | None = None
    ) -> None:
        daemon = KeeperCaller(Files(folder).socket, owner, DAEMON)
        super().__init__(folder, daemon, layout, LABELS)
        wiring = layout or _planned(balanced=True)  # of one that is gone nobody cuts a link
        kinds = (*KINDS, BALANCER) if wiring.balancer else KINDS
        self.holding = self.pausing = Programs(daemon, kinds)
        self.cutting = Cuts(daemon, wiring)
        self.shaping = Shapes(daemon, wiring, SHAPELESS)
        self.commanding = EtcdObeys()

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


def _planned(*, balanced: bool) -> KindLayout:
    """Return the layout of a cluster that is not up: it has no nodes yet."""
    balancer = "planned" if balanced else ""
    return KindLayout("docker", "", "", ours=False, nodes=(), balancer=balancer)


def handle(folder: Path, owner: str = EVERYBODY) -> KindHandle:
    """Return the handle of the cluster of a folder, as one who acts for an owner."""
    return KindHandle(folder, owner, KindLayout.read(folder) if is_there(folder) else None)


def described(definition: KindDefinition) -> ClusterDescription:
    """Return what may be done to a cluster of this definition."""
    layout = _planned(balanced=definition.control_planes > 1)
    found = KindHandle(state_folder(), layout=layout)
    return description(found, definition.zones, foreign=bool(definition.existing))
