"""What may be done to a cluster whose daemon is asked for it: to its programs, and to its zones' links."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from kubedrill.cluster import wires
from kubedrill.cluster.asking import SupervisorCaller
from kubedrill.cluster.files import Components, Files
from kubedrill.cluster.handle import Exits, HandleError, Link, Shape, Shaped
from kubedrill.cluster.wires import Wire
from kubedrill.process.tail import LineTail
from kubedrill.process.usage import ProcessUsage
from kubedrill.record.components import COMPONENT_LINE, ComponentState
from kubedrill.record.lines import BadEvidence, adapter, read_whole
from kubedrill.record.watched import Usage


class SupervisedCluster:
    """What a daemon tells of its cluster, when it is asked and by its files."""

    def __init__(self, folder: Path, supervisor: SupervisorCaller) -> None:
        self._files = Files(folder)
        self._supervisor = supervisor
        self._usage = ProcessUsage()

    def components(self) -> Mapping[str, ComponentState]:
        """Ask the daemon for every component's state."""
        answer = self._supervisor.ask("components")
        return adapter(Components).validate_python(answer).components

    def unwell(self, component: str) -> str:  # noqa: ARG002
        """Return nothing: each is asked itself."""
        return ""

    def in_force(self) -> tuple[str, ...]:
        """Ask the daemon what is still done for the handle's owner."""
        return tuple(self._supervisor.ask("in_force")["words"])

    def processes(self) -> Mapping[str, int]:
        """Read the components' pids."""
        return {name: pid for name, (pid, _) in self._running()}

    def usage(self) -> Mapping[str, Usage]:
        """Measure the components' processes."""
        return self._usage.measure(dict(self._running()))

    def exits(self) -> Exits:
        """Follow what the daemon writes down, but for what stands there already."""
        tail = LineTail(self._files.exits, COMPONENT_LINE)
        tail.read()
        return tail

    def _running(self) -> Iterator[tuple[str, tuple[int, str]]]:
        # From the file: a look each second must not depend on how busy the daemon is.
        try:
            known = read_whole(self._files.components, Components).components
        except BadEvidence:  # the cluster is gone
            return
        for name, state in known.items():
            if state.pid is not None and state.started is not None:
                yield name, (state.pid, state.started)


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
    lacks: Mapping[str, str] = field(default_factory=dict)
    """By kind, why nothing is done to what there is of it."""

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
