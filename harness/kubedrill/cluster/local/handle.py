"""A local cluster's handle: its supervisor does what is asked, and writes down how the components are."""

from pathlib import Path

from kubedrill.cluster.asking import SupervisorCaller, SupervisorGone
from kubedrill.cluster.by_daemon import SupervisedCluster
from kubedrill.cluster.files import Files
from kubedrill.cluster.handle import (
    Absent,
    Balancing,
    Commanding,
    Cutting,
    Entering,
    Flagging,
    HandleError,
    Holding,
    Limiting,
    Pausing,
    Shaping,
)
from kubedrill.cluster.holds import EVERYBODY
from kubedrill.cluster.local.operations import (
    balancer,
    commanding,
    cutting,
    flagging,
    limiting,
    namespaces,
    programs,
    shaping,
)
from kubedrill.cluster.local.zones import NetnsZones, ZoningKind, namespace_prefix
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.files import last_line

_NO_LINK = "its zones are addresses of one loopback interface: nothing is between them"
_NO_ZONE = "its zones are addresses of one loopback interface: what runs here is in all of them"


class LocalHandle(SupervisedCluster):
    """One local cluster, by its folder; what is done to it is done for `owner`, or for nobody."""

    def __init__(
        self,
        folder: Path,
        zoning: ZoningKind = "loopback",
        zones: tuple[str, ...] = (),
        owner: str = EVERYBODY,
    ) -> None:
        supervisor = SupervisorCaller(Files(folder).socket, owner)
        super().__init__(folder, supervisor)
        self.holding: Holding | Absent = programs(supervisor)
        self.pausing: Pausing | Absent = programs(supervisor)
        self.entering: Entering | Absent = Absent(_NO_ZONE)
        self.cutting: Cutting | Absent = Absent(_NO_LINK)
        self.shaping: Shaping | Absent = Absent(_NO_LINK)
        if zoning == "netns":
            known = NetnsZones(namespace_prefix(folder), zones)
            self.entering = namespaces(known)
            self.cutting = cutting(supervisor, known)
            self.shaping = shaping(supervisor, known)
        self.limiting: Limiting | Absent = limiting(self._files, supervisor)
        self.balancing: Balancing | Absent = balancer(self._files, supervisor)
        self.flagging: Flagging | Absent = flagging(supervisor)
        self.commanding: Commanding | Absent = commanding()

    def lost(self) -> str:
        """Say that the supervisor is gone, and so all that it ran."""
        try:
            self.components()
        except HandleError:
            return "has lost its supervisor (a reboot?)"
        return ""

    def is_gone(self) -> bool:
        """Whether the supervisor has ended for good."""
        try:
            self.components()
        except HandleError as error:
            return isinstance(error, SupervisorGone)
        return False

    def last_line(self, component: str) -> str:
        """Read the end of its log."""
        return last_line(self._files.log(component))

    def data(self) -> Path | None:
        """Return the cluster's folder, which has etcd's data in it."""
        return self._files.folder


def handle(record: ClusterRecord, owner: str = EVERYBODY) -> LocalHandle:
    """Return the handle of the cluster in a record, as one who acts for an owner."""
    zoning: ZoningKind = "netns" if record.zoning == "netns" else "loopback"
    return LocalHandle(Path(record.folder), zoning, record.zones, owner)
