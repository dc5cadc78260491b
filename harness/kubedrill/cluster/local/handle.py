"""A local cluster's handle: its supervisor does what is asked, and writes down how the components are."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kubedrill.cluster.handle import (
    LIMITED,
    Absent,
    Balancing,
    Cutting,
    Entering,
    Exits,
    Flagging,
    HandleError,
    Holding,
    Limiting,
    Limits,
    Link,
    Pausing,
    Shape,
    Shaped,
    Shaping,
    Strain,
)
from kubedrill.cluster.local import groups, haproxy, unix, wires
from kubedrill.cluster.local.files import Components, Files
from kubedrill.cluster.local.zones import NetnsZones, ZoningKind, namespace_prefix
from kubedrill.process.tail import LineTail
from kubedrill.process.usage import ProcessUsage
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.components import COMPONENT_LINE, ComponentState
from kubedrill.record.files import last_line
from kubedrill.record.lines import BadEvidence, adapter, read_whole
from kubedrill.record.watched import Usage

TIMEOUT_S = 5.0

KINDS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "haproxy")
"""What its supervisor runs."""

_NO_LINK = "its zones are addresses of one loopback interface: nothing is between them"
_NO_ZONE = "its zones are addresses of one loopback interface: what runs here is in all of them"
_NO_FLAGS = "its components keep the flags that they were first started with"


class SupervisorGone(HandleError):  # noqa: N818 - an event, not a programming error
    """Nobody listens any more: the supervisor has ended, and all that it ran with it."""


class LocalHandle:
    """One local cluster, by its folder."""

    def __init__(
        self, folder: Path, zoning: ZoningKind = "loopback", zones: tuple[str, ...] = ()
    ) -> None:
        self._files = Files(folder)
        self._usage = ProcessUsage()
        self.holding: Holding | Absent = _Programs(self._files.socket)
        self.pausing: Pausing | Absent = _Programs(self._files.socket)
        self.entering: Entering | Absent = Absent(_NO_ZONE)
        self.cutting: Cutting | Absent = Absent(_NO_LINK)
        self.shaping: Shaping | Absent = Absent(_NO_LINK)
        if zoning == "netns":
            known = NetnsZones(namespace_prefix(folder), zones)
            self.entering = _Namespaces(known)
            self.cutting = _cutting(self._files.socket, known)
            self.shaping = _shaping(self._files.socket, known)
        self.limiting: Limiting | Absent = _limiting(self._files)
        self.balancing: Balancing | Absent = _Balancer(self._files)
        self.flagging: Flagging | Absent = Absent(_NO_FLAGS)

    def components(self) -> Mapping[str, ComponentState]:
        """Ask the supervisor for every component's state."""
        answer = ask(self._files.socket, {"do": "components"})
        return adapter(Components).validate_python(answer).components

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

    def _running(self) -> Iterator[tuple[str, tuple[int, float]]]:
        # From the file: a look each second must not depend on how busy the supervisor is.
        try:
            known = read_whole(self._files.components, Components).components
        except BadEvidence:  # the cluster is gone
            return
        for name, state in known.items():
            if state.pid is not None and state.started is not None:
                yield name, (state.pid, state.started)


@dataclass(frozen=True, slots=True)
class _Programs:
    """The supervisor, as one who is told what to hold and to pause."""

    socket: Path
    of: tuple[str, ...] = KINDS

    def hold(self, target: str, *, expect_pid: int | None = None, until: int | None = None) -> int:
        return self._ask("hold", target, by="fault", expect_pid=expect_pid, until=until)

    def stop(self, target: str, *, expect_pid: int | None = None, until: int | None = None) -> int:
        return self._ask("stop", target, by="fault", expect_pid=expect_pid, until=until)

    def restart(
        self, target: str, *, expect_pid: int | None = None, until: int | None = None
    ) -> int:
        return self._ask("restart", target, by="fault", expect_pid=expect_pid, until=until)

    def release(self, target: str) -> int:
        request = {"do": "release", "components": [target], "by": "release"}
        return int(ask(self.socket, request)["pids"][0])

    def pause(self, target: str, *, expect_pid: int | None = None, until: int | None = None) -> int:
        return self._ask("pause", target, expect_pid=expect_pid, until=until)

    def proceed(self, target: str) -> int | None:
        pid = ask(self.socket, {"do": "proceed", "component": target})["pid"]
        return None if pid is None else int(pid)

    def _ask(self, do: str, component: str, **given: Any) -> int:
        return int(ask(self.socket, {"do": do, "component": component, **given})["pid"])


@dataclass(frozen=True, slots=True)
class _Groups:
    """The supervisor, as one who limits what it runs."""

    socket: Path
    lacks: Mapping[str, str]

    @property
    def of(self) -> tuple[str, ...]:
        return tuple(resource for resource in LIMITED if resource not in self.lacks)

    def limit(self, component: str, limits: Limits, *, until: int | None = None) -> None:
        for resource in limits.resources():
            if resource in self.lacks:
                raise HandleError(self.lacks[resource])
        self._ask("limit", component, limits=asdict(limits), until=until)

    def lift(self, component: str, limits: Limits) -> None:
        self._ask("lift", component, limits=asdict(limits))

    def strain(self, component: str) -> Strain:
        return Strain(**self._ask("strain", component))

    def _ask(self, do: str, component: str, **given: Any) -> dict[str, Any]:
        return ask(self.socket, {"do": do, "component": component, **given})


@dataclass(frozen=True, slots=True)
class _Balancer:
    """The load balancer's control socket; what outlives who asks is told it by the supervisor."""

    files: Files
    of: tuple[str, ...] = ("kube-apiserver",)

    def take_out(self, zone: str, *, until: int | None = None) -> None:
        ask(self.files.socket, {"do": "take_out", "zone": zone, "until": until})

    def put_back(self, zone: str) -> None:
        ask(self.files.socket, {"do": "put_back", "zone": zone})

    def served(self) -> tuple[str, ...]:
        with _balancer_asked():
            return haproxy.servers_up(self.files.folder)

    def connections(self, zone: str) -> tuple[str, ...]:
        with _balancer_asked():
            return haproxy.connections(self.files.folder, zone)

    def cut(self, zone: str) -> None:
        with _balancer_asked():
            haproxy.cut(self.files.folder, zone)


@contextmanager
def _balancer_asked() -> Iterator[None]:
    try:
        yield
    except haproxy.BalancerSilent as error:
        raise HandleError(str(error)) from error


@dataclass(frozen=True, slots=True)
class _Namespaces:
    """Its zones, as those whose networks programs may be given."""

    zones: NetnsZones
    of: tuple[str, ...] = ("zone",)

    def command(self, zone: str) -> tuple[str, ...]:
        if zone not in self.zones.zones:
            raise HandleError(f"there is no zone {zone}; there are {', '.join(self.zones.zones)}")
        return self.zones.enter(zone)


def _limiting(files: Files) -> Limiting | Absent:
    if why := groups.obstacle():
        return Absent(why)
    no_disk = groups.no_disk(files.folder)
    return _Groups(files.socket, {"disk": no_disk} if no_disk else {})


@dataclass(frozen=True, slots=True)
class _Cuts:
    """The supervisor, as one who cuts links between namespaces."""

    socket: Path
    zones: NetnsZones
    of: tuple[str, ...] = ("link",)

    def cut(self, link: Link, *, until: int | None = None) -> None:
        wire = _wire(self.zones, link)
        ask(self.socket, {"do": "cut", "wire": asdict(wire), "until": until})

    def mend(self, link: Link) -> None:
        ask(self.socket, {"do": "mend", "wire": asdict(_wire(self.zones, link))})

    def dropped(self, link: Link) -> int | None:
        return wires.dropped(_wire(self.zones, link))


@dataclass(frozen=True, slots=True)
class _Shapes:
    """The supervisor, as one who makes such links slow or lossy."""

    socket: Path
    zones: NetnsZones
    lacks: Mapping[str, str]

    @property
    def of(self) -> tuple[str, ...]:
        return tuple(what for what in wires.SHAPED if what not in self.lacks)

    def shape(self, link: Link, shape: Shape, *, until: int | None = None) -> None:
        wire = asdict(_wire(self.zones, link))
        ask(self.socket, {"do": "shape", "wire": wire, "shape": asdict(shape), "until": until})

    def straighten(self, link: Link) -> None:
        ask(self.socket, {"do": "straighten", "wire": asdict(_wire(self.zones, link))})

    def shaped(self, link: Link) -> Shaped | None:
        return wires.shaped(_wire(self.zones, link))


def _cutting(socket: Path, zones: NetnsZones) -> Cutting | Absent:
    why = wires.obstacle()
    return Absent(why) if why else _Cuts(socket, zones)


def _shaping(socket: Path, zones: NetnsZones) -> Shaping | Absent:
    lacks = wires.shaping_obstacles()
    if len(lacks) == len(wires.SHAPED):
        return Absent("; ".join(dict.fromkeys(lacks.values())))
    return _Shapes(socket, zones, lacks)


def _wire(zones: NetnsZones, link: Link) -> wires.Wire:
    for zone in (link.zone, link.other):
        if zone is not None and zone not in zones.zones:
            raise HandleError(f"there is no zone {zone}; there are {', '.join(zones.zones)}")
    return wires.Wire(
        namespace=zones.namespace(link.zone),
        hub=zones.hub,
        port=zones.port(link.zone),
        peer=zones.address(link.other) if link.other else None,
        direction=link.direction,
        ports=link.ports,
    )


def handle(record: ClusterRecord) -> LocalHandle:
    """Return the handle of the cluster in a record."""
    zoning: ZoningKind = "netns" if record.zoning == "netns" else "loopback"
    return LocalHandle(Path(record.folder), zoning, record.zones)


def ask(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Send one request to the supervisor that listens on `path` and return its answer."""
    try:
        said = unix.ask(path, json.dumps(request).encode() + b"\n", TIMEOUT_S)
        answer: dict[str, Any] = json.loads(said)
    except (OSError, ValueError) as error:
        gone = isinstance(error, ConnectionRefusedError | FileNotFoundError)
        kind = SupervisorGone if gone else HandleError
        raise kind(f"no answer from the supervisor at {path}: {error}") from error
    if "error" in answer:
        raise HandleError(answer["error"])
    return answer
