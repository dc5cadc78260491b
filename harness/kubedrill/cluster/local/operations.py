"""What may be done to a local cluster: its supervisor is asked for it, its balancer or its namespaces are."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kubedrill.cluster import wires
from kubedrill.cluster.asking import SupervisorCaller
from kubedrill.cluster.by_daemon import Cuts, EtcdObeys, Programs, Shapes
from kubedrill.cluster.files import Files
from kubedrill.cluster.handle import (
    LIMITED,
    Absent,
    Balancing,
    Commanding,
    Cutting,
    Entering,
    Flagging,
    FlagValue,
    HandleError,
    Limiting,
    Quota,
    Shaping,
    Strain,
)
from kubedrill.cluster.local import groups, haproxy
from kubedrill.cluster.local.flags import KINDS as FLAGGED
from kubedrill.cluster.local.other_flags import by_name
from kubedrill.cluster.local.zones import NetnsZones

KINDS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "haproxy")
"""What its supervisor runs."""


@dataclass(frozen=True, slots=True)
class _Groups:
    """The supervisor, as one who limits what it runs."""

    supervisor: SupervisorCaller
    lacks: Mapping[str, str]

    @property
    def of(self) -> tuple[str, ...]:
        return tuple(resource for resource in LIMITED if resource not in self.lacks)

    def limit(self, component: str, quota: Quota, *, until: int | None = None) -> None:
        for resource in quota.resources():
            if resource in self.lacks:
                raise HandleError(self.lacks[resource])
        self._ask("limit", component, quota=asdict(quota), until=until)

    def lift(self, component: str, quota: Quota) -> None:
        self._ask("lift", component, quota=asdict(quota))

    def strain(self, component: str) -> Strain:
        return Strain(**self._ask("strain", component))

    def _ask(self, do: str, component: str, **given: Any) -> dict[str, Any]:
        return self.supervisor.ask(do, component=component, **given)


@dataclass(frozen=True, slots=True)
class _Flags:
    """The supervisor, as one who starts what it runs with other flags."""

    supervisor: SupervisorCaller
    of: tuple[str, ...] = FLAGGED

    def change(
        self,
        component: str,
        flags: Mapping[str, FlagValue | None],
        *,
        expect_pid: int | None = None,
        until: int | None = None,
    ) -> int:
        given = {"flags": dict(flags), "by": "flags", "expect_pid": expect_pid, "until": until}
        return int(self.supervisor.ask("change", component=component, **given)["pid"])

    def restore(self, component: str) -> None:
        self.supervisor.ask("restore", component=component)

    def own(self, component: str) -> Mapping[str, str]:
        own: Mapping[str, str] = self._told(component)["own"]
        return own

    def changed(self, component: str) -> Mapping[str, FlagValue | None]:
        changed: Mapping[str, FlagValue | None] = self._told(component)["changed"]
        return changed

    def runs_with(self, component: str) -> Mapping[str, str]:
        pid = self.supervisor.ask("components")["components"][component]["pid"]
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return {}
        return by_name(tuple(line.decode(errors="replace").split("\0")))

    def _told(self, component: str) -> dict[str, Any]:
        return self.supervisor.ask("flags", component=component)


@dataclass(frozen=True, slots=True)
class _Balancer:
    """The load balancer's control socket; what outlives who asks is told it by the supervisor."""

    files: Files
    supervisor: SupervisorCaller
    of: tuple[str, ...] = ("kube-apiserver",)

    def take_out(self, zone: str, *, until: int | None = None) -> None:
        self.supervisor.ask("take_out", zone=zone, until=until)

    def put_back(self, zone: str) -> None:
        self.supervisor.ask("put_back", zone=zone)

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


def programs(supervisor: SupervisorCaller) -> Programs:
    """Return what holds and pauses the programs of a supervisor."""
    return Programs(supervisor, KINDS)


def flagging(supervisor: SupervisorCaller) -> Flagging:
    """Return what changes the flags of the programs of a supervisor."""
    return _Flags(supervisor)


def balancer(files: Files, supervisor: SupervisorCaller) -> Balancing:
    """Return what asks the load balancer, and what has the supervisor ask it."""
    return _Balancer(files, supervisor)


def commanding() -> Commanding:
    """Return that etcd obeys: the cluster has made its identity."""
    return EtcdObeys()


def namespaces(zones: NetnsZones) -> Entering:
    """Return what gives programs the networks of zones."""
    return _Namespaces(zones)


def limiting(files: Files, supervisor: SupervisorCaller) -> Limiting | Absent:
    """Return what limits the supervisor's programs, or why nothing does.

    Who asks may be in another control group than who brought the cluster up.
    """
    made = groups.read(files.groups)
    if made is None:
        if why := groups.obstacle():
            return Absent(why)
        if files.socket.exists():
            return Absent("this cluster was brought up without control groups")
        made = groups.groups("", files.folder)
    return _Groups(supervisor, made.lacks)


def cutting(supervisor: SupervisorCaller, zones: NetnsZones) -> Cutting | Absent:
    """Return what cuts the links of zones, or why this machine has nothing that does."""
    why = wires.obstacle()
    return Absent(why) if why else Cuts(supervisor, zones)


def shaping(supervisor: SupervisorCaller, zones: NetnsZones) -> Shaping | Absent:
    """Return what makes them slow or lossy, or why this machine has nothing that does."""
    lacks = wires.shaping_obstacles()
    if len(lacks) == len(wires.SHAPED):
        return Absent("; ".join(dict.fromkeys(lacks.values())))
    return Shapes(supervisor, zones, lacks)
