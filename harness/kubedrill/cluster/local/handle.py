"""A local cluster's handle: its supervisor does what is asked, and writes down how the components are."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from kubedrill.cluster.asking import SupervisorCaller, SupervisorGone
from kubedrill.cluster.files import Components, Files
from kubedrill.cluster.handle import (
    Absent,
    Balancing,
    Commanding,
    Cutting,
    Entering,
    Exits,
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
from kubedrill.process.tail import LineTail
from kubedrill.process.usage import ProcessUsage
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.components import COMPONENT_LINE, ComponentState
from kubedrill.record.files import last_line
from kubedrill.record.lines import BadEvidence, adapter, read_whole
from kubedrill.record.watched import Usage

_NO_LINK = "its zones are addresses of one loopback interface: nothing is between them"
_NO_ZONE = "its zones are addresses of one loopback interface: what runs here is in all of them"


class LocalHandle:
    """One local cluster, by its folder; what is done to it is done for `owner`, or for nobody."""

    def __init__(
        self,
        folder: Path,
        zoning: ZoningKind = "loopback",
        zones: tuple[str, ...] = (),
        owner: str = EVERYBODY,
    ) -> None:
        self._files = Files(folder)
        self._supervisor = supervisor = SupervisorCaller(self._files.socket, owner)
        self._usage = ProcessUsage()
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

    def components(self) -> Mapping[str, ComponentState]:
        """Ask the supervisor for every component's state."""
        answer = self._supervisor.ask("components")
        return adapter(Components).validate_python(answer).components

    def in_force(self) -> tuple[str, ...]:
        """Ask the supervisor what is still done for the handle's owner."""
        return tuple(self._supervisor.ask("in_force")["words"])

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

    def processes(self) -> Mapping[str, int]:
        """Read the components' pids."""
        return {name: pid for name, (pid, _) in self._running()}

    def usage(self) -> Mapping[str, Usage]:
        """Measure the components' processes."""
        return self._usage.measure(dict(self._running()))

    def exits(self) -> Exits:
        """Follow what the supervisor writes down, but for what stands there already."""
        tail = LineTail(self._files.exits, COMPONENT_LINE)
        tail.read()
        return tail

    def last_line(self, component: str) -> str:
        """Read the end of its log."""
        return last_line(self._files.log(component))

    def data(self) -> Path | None:
        """Return the cluster's folder, which has etcd's data in it."""
        return self._files.folder

    def _running(self) -> Iterator[tuple[str, tuple[int, str]]]:
        # From the file: a look each second must not depend on how busy the supervisor is.
        try:
            known = read_whole(self._files.components, Components).components
        except BadEvidence:  # the cluster is gone
            return
        for name, state in known.items():
            if state.pid is not None and state.started is not None:
                yield name, (state.pid, state.started)


def handle(record: ClusterRecord, owner: str = EVERYBODY) -> LocalHandle:
    """Return the handle of the cluster in a record, as one who acts for an owner."""
    zoning: ZoningKind = "netns" if record.zoning == "netns" else "loopback"
    return LocalHandle(Path(record.folder), zoning, record.zones, owner)
