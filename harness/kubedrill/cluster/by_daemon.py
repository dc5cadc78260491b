"""What may be done to a cluster whose daemon is asked for it: to its programs, and to its zones' links."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from kubedrill.cluster import wires
from kubedrill.cluster.asking import SupervisorCaller
from kubedrill.cluster.handle import HandleError, Link, Shape, Shaped
from kubedrill.cluster.wires import Wire


class Wiring(Protocol):
    """The zones of a cluster, and what leads to each."""

    @property
    def zones(self) -> tuple[str, ...]:
        """Their names."""
        ...

    def wire(self, link: Link, owner: str = "") -> Wire:
        """Return a link between them as somebody cuts or shapes it."""
        ...


@dataclass(frozen=True, slots=True)
class EtcdObeys:
    """That etcd obeys whoever holds the cluster's identity for that."""

    of: tuple[str, ...] = ("etcd",)


@dataclass(frozen=True, slots=True)
class Programs:
    """The daemon, as one who is told what to hold and to pause."""

    supervisor: SupervisorCaller
    of: tuple[str, ...]

    def hold(self, target: str, *, expect_pid: int | None = None, until: int | None = None) -> int:
        """See Holding."""
        return self._ask("hold", target, by="fault", expect_pid=expect_pid, until=until)

    def stop(self, target: str, *, expect_pid: int | None = None, until: int | None = None) -> int:
        """See Holding."""
        return self._ask("stop", target, by="fault", expect_pid=expect_pid, until=until)

    def restart(
        self, target: str, *, expect_pid: int | None = None, until: int | None = None
    ) -> int:
        """See Holding."""
        return self._ask("restart", target, by="fault", expect_pid=expect_pid, until=until)

    def release(self, target: str) -> int | None:
        """See Holding."""
        answer = self.supervisor.ask("release", components=[target], by="release")
        pid: int | None = answer["pids"][0]
        return pid

    def pause(self, target: str, *, expect_pid: int | None = None, until: int | None = None) -> int:
        """See Pausing."""
        return self._ask("pause", target, expect_pid=expect_pid, until=until)

    def proceed(self, target: str) -> int | None:
        """See Pausing."""
        pid: int | None = self.supervisor.ask("proceed", component=target)["pid"]
        return pid

    def _ask(self, do: str, component: str, **given: Any) -> int:
        return int(self.supervisor.ask(do, component=component, **given)["pid"])


@dataclass(frozen=True, slots=True)
class _Links:
    """The links between zones, which the daemon changes on somebody's behalf."""

    supervisor: SupervisorCaller
    wiring: Wiring

    def _wire(self, link: Link) -> Wire:
        zones = self.wiring.zones
        for zone in (link.zone, link.other):
            if zone is not None and zone not in zones:
                raise HandleError(f"there is no zone {zone}; there are {', '.join(zones)}")
        return self.wiring.wire(link, self.supervisor.owner)


@dataclass(frozen=True, slots=True)
class Cuts(_Links):
    """Cuts them."""

    of: tuple[str, ...] = ("link",)

    def cut(self, link: Link, *, until: int | None = None) -> None:
        """See Cutting."""
        self.supervisor.ask("cut", wire=asdict(self._wire(link)), until=until)

    def mend(self, link: Link) -> None:
        """See Cutting."""
        self.supervisor.ask("mend", wire=asdict(self._wire(link)))

    def dropped(self, link: Link) -> int | None:
        """See Cutting."""
        return wires.dropped(self._wire(link))


@dataclass(frozen=True, slots=True)
class Shapes(_Links):
    """Makes them slow or lossy."""

    lacks: Mapping[str, str]

    @property
    def of(self) -> tuple[str, ...]:
        """What of a shape there is."""
        return tuple(what for what in wires.SHAPED if what not in self.lacks)

    def shape(self, link: Link, shape: Shape, *, until: int | None = None) -> None:
        """See Shaping."""
        wire = asdict(self._wire(link))
        self.supervisor.ask("shape", wire=wire, shape=asdict(shape), until=until)

    def straighten(self, link: Link) -> None:
        """See Shaping."""
        self.supervisor.ask("straighten", wire=asdict(self._wire(link)))

    def shaped(self, link: Link) -> Shaped | None:
        """See Shaping."""
        return wires.shaped(self._wire(link))
