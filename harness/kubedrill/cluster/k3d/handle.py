"""The handle of a cluster of k3d's: its daemon does what is asked; what runs is seen on this machine."""

from pathlib import Path

from kubedrill.cluster.by_daemon import Programs
from kubedrill.cluster.containers import (
    BALANCER,
    ContainerCluster,
    ContainerLayout,
    KeeperCaller,
    is_there,
)
from kubedrill.cluster.engine import EngineFailed
from kubedrill.cluster.files import Files
from kubedrill.cluster.handle import Absent, description
from kubedrill.cluster.holds import EVERYBODY
from kubedrill.cluster.k3d.definition import K3dDefinition
from kubedrill.cluster.k3d.layout import LABELS, SERVER
from kubedrill.cluster.state import state_folder
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.metric import APISERVER

DAEMON = "kubedrill.cluster.k3d.daemon"
_WITHIN = "k3s runs it within the process of its kube-apiserver: do that to kube-apiserver, and both are hit"
LACKS = dict.fromkeys(("etcd", "kube-controller-manager", "kube-scheduler"), _WITHIN)


class K3dHandle(ContainerCluster[ContainerLayout]):
    """One cluster; what is done to it is done for `owner`, or for nobody."""

    cutting = shaping = Absent("k3s's image has nothing that could cut or shape a server's link")
    entering = Absent("what runs here is in no server: its network is the container's")
    limiting = Absent("a server is one process, whose control groups are the engine's")
    flagging = Absent("k3s takes its flags from the command line of its container")
    balancing = Absent("k3d's balancer takes no orders")
    commanding = Absent("k3s keeps its etcd to itself")
    embeds_etcd = True

    def __init__(
        self, folder: Path, owner: str = EVERYBODY, layout: ContainerLayout | None = None
    ) -> None:
        daemon = KeeperCaller(Files(folder).socket, owner, DAEMON)
        super().__init__(folder, daemon, layout, LABELS)
        has_balancer = layout is None or layout.balancer
        kinds = (SERVER, BALANCER) if has_balancer else (SERVER,)
        self.holding = self.pausing = Programs(daemon, kinds, LACKS)

    def last_line(self, component: str) -> str:
        """Read the end of its log, as the engine keeps it."""
        if self._layout is None:
            return ""
        known = {f"{SERVER}-{node.zone}": node.id for node in self._layout.nodes}
        known[BALANCER] = self._layout.balancer
        if not (container := known.get(component)):
            return ""
        try:
            return self._layout.at.ask("logs", "--tail", "1", container).strip()
        except EngineFailed:
            return ""


def handle(folder: Path, owner: str = EVERYBODY) -> K3dHandle:
    """Return the handle of the cluster of a folder, as one who acts for an owner."""
    return K3dHandle(folder, owner, ContainerLayout.read(folder) if is_there(folder) else None)


def described(definition: K3dDefinition) -> ClusterDescription:
    """Return what may be done to a cluster of this definition."""
    found = K3dHandle(state_folder())
    return description_of(found, definition.zones, foreign=bool(definition.existing))


def description_of(
    handle: K3dHandle, zones: tuple[str, ...], *, foreign: bool
) -> ClusterDescription:
    """Return what may be done to a cluster, and what of it can be seen: its apiservers alone."""
    return description(handle, zones, foreign=foreign, observed=(APISERVER,))
