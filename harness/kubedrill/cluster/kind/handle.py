"""The handle of a cluster of kind's: its daemon does what is asked; what runs is seen on this machine."""

from pathlib import Path

from kubedrill.cluster.by_daemon import Cuts, EtcdObeys, Programs, Shapes
from kubedrill.cluster.containers import BALANCER, ContainerCluster, KeeperCaller, is_there
from kubedrill.cluster.engine import EngineFailed
from kubedrill.cluster.files import Files
from kubedrill.cluster.handle import Absent, description
from kubedrill.cluster.holds import EVERYBODY
from kubedrill.cluster.kind.definition import KindDefinition
from kubedrill.cluster.kind.layout import IN_EACH, LABELS, SHAPELESS, UNENDING, KindLayout
from kubedrill.cluster.state import state_folder
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.components import KUBELET, MACHINE

DAEMON = "kubedrill.cluster.kind.daemon"
_KUBELETS_LOG = "journalctl --unit kubelet --output cat --lines 1"
_KUBELETS_HEALTH = "curl --silent --show-error --max-time 2 http://127.0.0.1:10248/healthz 2>&1"
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
        # Of one that is gone nobody cuts a link.
        wiring = layout or _planned(balanced=True, ours=True)
        kinds = (*IN_EACH, *([BALANCER] if wiring.balancer else []))
        self.pausing = Programs(daemon, kinds)
        unending = {} if wiring.network else UNENDING
        ended = tuple(kind for kind in kinds if kind not in unending)
        self.holding = Programs(daemon, ended, unending)
        self.cutting = Cuts(daemon, wiring)
        self.shaping = Shapes(daemon, wiring, SHAPELESS)
        self.commanding = EtcdObeys()

    def unwell(self, component: str) -> str:
        """Ask a kubelet, which tells only its own node how it is; look whether a node has its address."""
        if component.startswith(f"{MACHINE}-"):
            return self._strayed(component)
        if not component.startswith(f"{KUBELET}-"):
            return ""
        said = self._within(component, f"{_KUBELETS_HEALTH} || true")
        return "" if said == "ok" else said or "its node does not answer"

    def _strayed(self, machine: str) -> str:
        if self._layout is None or (node := self._layout.components.get(machine)) is None:
            return ""
        try:
            found = self._layout.at.containers(self._labels, self._layout.cluster)
        except EngineFailed as error:
            return str(error)
        address = next((known.address for known in found if known.id == node.id), "")
        return "" if address == node.address else f"its address is {address}, not {node.address}"

    def last_line(self, component: str) -> str:
        """Read the end of its log, in its node."""
        kind = component.rpartition("-")[0]
        return self._within(
            component, _KUBELETS_LOG if kind == KUBELET else _LOGS.format(kind=kind)
        )

    def _within(self, component: str, script: str) -> str:
        """Return what a script prints in the node of a component; "" where it fails, or there is none."""
        node = self._layout and self._layout.components.get(component)
        if not node or not self._layout:
            return ""
        try:
            return self._layout.at.execute(node.id, "sh", "-c", script).strip()
        except EngineFailed:
            return ""


def _planned(*, balanced: bool, ours: bool) -> KindLayout:
    """Return the layout of a cluster that is not up: it has no nodes yet."""
    balancer, network = "planned" if balanced else "", "planned" if ours else ""
    return KindLayout("docker", "", "", ours=ours, nodes=(), balancer=balancer, network=network)


def handle(folder: Path, owner: str = EVERYBODY) -> KindHandle:
    """Return the handle of the cluster of a folder, as one who acts for an owner."""
    return KindHandle(folder, owner, KindLayout.read(folder) if is_there(folder) else None)


def described(definition: KindDefinition) -> ClusterDescription:
    """Return what may be done to a cluster of this definition."""
    layout = _planned(balanced=definition.control_planes > 1, ours=not definition.existing)
    found = KindHandle(state_folder(), layout=layout)
    return description(found, definition.zones, foreign=bool(definition.existing))
