"""What a drill intends, on the clock: phases, loads, faults, objectives. Written once, never moved."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, with_config

from kubedrill.clock import SECOND, ClockPair
from kubedrill.reading.arrivals import Arrivals, Times
from kubedrill.reading.types import Deadline, PagePeriod, Part, Period, ProbeRate
from kubedrill.record.autoscaler import Demand
from kubedrill.record.catalogue import Lasts
from kubedrill.record.emergency import ScheduledStep
from kubedrill.record.faults import FaultEvent
from kubedrill.record.fleet import Burst, Fleet
from kubedrill.record.lines import (
    STRICT,
    Amount,
    Count,
    Json,
    Recorded,
    Time,
    adapter,
    of_schema,
    read_whole,
    write_typed,
)
from kubedrill.record.remote import RemoteWorkers
from kubedrill.record.warmup import ScheduledWarmup

SCHEMA_VERSION = 1


def touches(inject: float, undo: float, start: float, end: float) -> bool:
    """Whether a fault is injected in a phase, or undone in it or right at its start."""
    return inject < end and undo >= start


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of the drill, [start, end) in monotonic ns."""

    name: str
    start: Time
    end: Time

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return (self.end - self.start) / SECOND

    def holds(self, time: int) -> bool:
        """Whether `time` (monotonic ns) lies in this phase."""
        return self.start <= time < self.end


@dataclass(frozen=True, slots=True)
class ScheduledLoad:
    """One load: a profile under the name that objectives use."""

    name: str
    profile: str
    arrivals: Arrivals
    parameters: dict[str, Json] = field(default_factory=dict)
    phases: tuple[str, ...] = ()
    """The phases in which it presses; none named: all."""
    processes: Annotated[int, Field(ge=1)] = 1
    """How many share the arrivals, each of them in turn."""
    workers: RemoteWorkers | None = None
    """Who shares them instead, if they are on other machines."""

    @property
    def sample_names(self) -> tuple[str, ...]:
        """Return the names of its samples: one for each that shares the arrivals."""
        if self.workers is None and self.processes == 1:
            return (f"load-{self.name}",)
        shares = self.workers.expect if self.workers else self.processes
        return tuple(f"load-{self.name}@{number}" for number in range(shares))

    @property
    def roles(self) -> tuple[str, ...]:
        """Return the names of its processes on this machine: the master of remote workers is one."""
        return (f"load-{self.name}",) if self.workers else self.sample_names

    def presses(self, phase: str) -> bool:
        """Whether arrivals are due in the phase of that name."""
        return not self.phases or phase in self.phases


@dataclass(frozen=True, slots=True)
class ScheduledFault:
    """One fault: injected and undone at monotonic ns."""

    name: str
    arguments: dict[str, Json]
    phase: str
    inject: Time
    undo: Time
    lasts: Lasts = "lasting"
    slows_disks: bool = False
    """Whether the disk under the drill may be slow for it: what waits for a disk keeps others waiting."""
    when: str | None = None
    """The state in which it begins, from `inject` on, as written (record.state); None: at `inject`."""
    for_s: Amount | None = None
    """How long it lasts from when that state came; None: until `undo`, which is the latest in any case."""

    @property
    def can_be_undone(self) -> bool:
        """Whether it lasts until it is undone; not so for an activity that has no rollback."""
        return self.lasts == "lasting" and self.arguments.get("rollback", "") is not None

    @property
    def ends_with(self) -> FaultEvent:
        """The event after which it is no longer in force."""
        return "took-effect" if self.lasts == "momentary" else "undone"


@dataclass(frozen=True, slots=True)
class ScheduledObjective:
    """One objective as written; `record.objective.parse` reads the text."""

    phase: str
    text: str
    line: Count | None = None


TIMEOUT_S = 60.0
"""So long a load's client waits for an answer, unless its parameters say otherwise."""

DRAIN_S = 5
"""After the last phase, what is in flight may end within this; then it is cut."""


BREAK_GLASS_RATE = 1.0


class ProbeRates(Part):
    """Probes a second, of reads and of writes alike."""

    fresh: ProbeRate = 10.0
    """Through the load balancer, a new connection each."""
    kept: ProbeRate = 5.0
    """Through the load balancer, on kept connections."""
    apiserver: ProbeRate = 2.0
    """Straight to each apiserver."""
    victim: ProbeRate = 2.0
    """In the priority level of the load."""
    stale: ProbeRate = 2.0
    """Reads with resourceVersion=0, whose staleness is measured."""
    break_glass: ProbeRate = BREAK_GLASS_RATE
    """Reads by the break-glass identity, a new connection each: through the load balancer, and straight to
    each apiserver."""

    @model_serializer(mode="wrap")
    def _dumped(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what earlier versions did not know, unless it was changed: their runs are judged, too."""
        dumped: dict[str, Any] = dump(self)
        if self.break_glass == BREAK_GLASS_RATE:
            del dumped["break_glass"]
        return dumped


class Probing(Part):
    """How the prober asks."""

    deadline: Deadline = 1.0
    """A probe without an answer by then has failed."""
    rates: ProbeRates = ProbeRates()


class Scraping(Part):
    """How often metrics are read."""

    apiserver: PagePeriod = 10.0
    etcd: Period = 1.0
    controllers: PagePeriod = 10.0
    """controller-manager and scheduler"""
    resources: Period = 1.0
    """CPU and memory of every process"""


FREE_SHARE = 0.25
"""What must stay free of a machine's CPU where latency or availability is judged: beyond three quarters
queues are the machine's own, and a second of somebody else's work is a second of latency."""

WantedHeadroom = Literal["required", "none"]
"""Whether the machine must keep some of its CPU free, or may be full: the drill looks for its limit."""


def allowed_hole(interval_s: float) -> int:
    """Return for how long what is read every so often may be missing, in ns: three rounds, or 3 s."""
    return max(3 * SECOND, round(3 * interval_s * SECOND))


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Schedule:
    """The whole intention of one run; `schedule.json`."""

    experiment: str
    run: str
    title: str
    why: str
    claim: int | None
    cluster: str
    clock: ClockPair
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]
    loads: tuple[ScheduledLoad, ...] = ()
    fleet: Fleet | None = None
    faults: tuple[ScheduledFault, ...] = ()
    objectives: tuple[ScheduledObjective, ...] = ()
    abort: tuple[str, ...] = ()
    probing: Annotated[Probing, Recorded()] = field(default_factory=Probing)
    scraping: Annotated[Scraping, Recorded()] = field(default_factory=Scraping)
    headroom: WantedHeadroom = "required"
    warmup: ScheduledWarmup | None = None
    plan: tuple[ScheduledStep, ...] = ()
    """The emergency plan, against the first fault."""
    cluster_changes: dict[str, Json] = field(default_factory=dict)
    """What the experiment changes of the cluster's file, by its keys; null is what it takes away."""
    scale: Amount = 1.0
    """What the file's rates and seeds have been multiplied by (`--scale`)."""
    schema_version: Annotated[int, of_schema(SCHEMA_VERSION)] = SCHEMA_VERSION

    @property
    def start(self) -> int:
        """When the first phase begins, monotonic ns."""
        return self.phases[0].start

    @property
    def end(self) -> int:
        """When the last phase ends, monotonic ns."""
        return self.phases[-1].end

    @property
    def planned_against(self) -> int:
        """The place of the fault the emergency plan is against, the first; ValueError if there is none."""
        return min(range(len(self.faults)), key=lambda index: self.faults[index].inject)

    def comes(self, wanted: Burst | Demand) -> int:
        """Return when nodes of the fleet are asked for, or pods are wanted, monotonic ns."""
        return self.after(wanted.at_s)

    def after(self, seconds: float) -> int:
        """Return the moment so many seconds after the drill's start, monotonic ns."""
        return self.start + round(seconds * SECOND)

    def nearest(self, time: int) -> int:
        """Return the moment of the drill nearest to a time: what is before or after it is of its edge."""
        return min(max(time, self.start), self.end - 1)

    def phase(self, name: str) -> Phase:
        """Return the phase of that name; KeyError if there is none."""
        for phase in self.phases:
            if phase.name == name:
                return phase
        raise KeyError(name)

    def windows(self, load: ScheduledLoad) -> list[tuple[int, int]]:
        """Return when a load presses, as (start, end) in monotonic ns; phases without a gap are one."""
        found: list[tuple[int, int]] = []
        for phase in self.phases:
            if not load.presses(phase.name):
                continue
            if found and found[-1][1] == phase.start:
                found[-1] = (found[-1][0], phase.end)
            else:
                found.append((phase.start, phase.end))
        return found

    def dues(self, load: ScheduledLoad) -> Iterator[Times]:
        """Yield when the arrivals of a load are due, monotonic ns, ascending, block by block.

        The load's own time stands still in phases in which it does not press.
        """
        windows = np.array(self.windows(load), dtype=np.int64).reshape(-1, 2)
        lengths = windows[:, 1] - windows[:, 0]
        until = np.cumsum(lengths)
        for block in load.arrivals.dues(int(lengths.sum()), load.name):
            window = np.searchsorted(until, block, side="right")
            yield block - until[window] + windows[window, 1]

    def phase_at(self, time: int) -> Phase | None:
        """Return the phase that holds `time` (monotonic ns), if any."""
        return next((phase for phase in self.phases if phase.holds(time)), None)

    def moved(self, by: int) -> "Schedule":
        """Return the same on a clock that is ahead by so many ns."""
        phases = tuple(Phase(phase.name, phase.start + by, phase.end + by) for phase in self.phases)
        return replace(self, phases=phases)

    def as_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads: plain JSON types."""
        plain: dict[str, Any] = adapter(Schedule).dump_python(self, mode="json")
        return plain

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> "Schedule":
        """Build from `as_dict`'s form; ValueError if it is none, or of another schema version."""
        return adapter(cls).validate_json(json.dumps(raw))

    def write(self, path: Path) -> None:
        """Write `schedule.json`, whole or not at all."""
        write_typed(path, self)

    @classmethod
    def read(cls, path: Path) -> "Schedule":
        """Read `schedule.json`; BadEvidence if it is missing or none."""
        return read_whole(path, cls)
