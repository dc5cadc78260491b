"""An experiment that was read and checked: names exist, units fit, times lie within the drill."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from kubedrill.reading.problems import dotted
from kubedrill.reading.types import Part
from kubedrill.record.abort import AbortCondition
from kubedrill.record.catalogue import Lasts, Rule
from kubedrill.record.changes import changed_keys
from kubedrill.record.emergency import ScheduledStep
from kubedrill.record.fleet import MOST_NODES, Fleet
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Probing, ScheduledLoad, Scraping, WantedHeadroom
from kubedrill.record.state import parse_state
from kubedrill.record.warmup import ScheduledWarmup

ACTIVITY = "activity"
"""The name of a fault that is any Chaos Toolkit action; its arguments are activity and rollback."""


MOST_SEEDED = 150_000

STORED = {"pods": 6 * 1024, "secrets": 1400, "customs": 6 * 1024, "workload": 4 * 1024}
"""Bytes of a seeded object as etcd stores it, about; a secret's data is in base64."""


class Seed(Part):
    """Objects made before the load begins, and swept after it."""

    pods: int = Field(0, ge=0, le=MOST_SEEDED)
    """Pods of 6 KB that no scheduler touches."""
    secrets: int = Field(0, ge=0, le=MOST_SEEDED)
    """Secrets of 1 KB."""
    customs: int = Field(0, ge=0, le=MOST_SEEDED)
    """Custom resources as large as the pods, customs of drill.kubedrill.io/v1."""

    workload: int = Field(0, ge=0, le=MOST_NODES)
    """Pods of one Deployment, of which one fits a node of the fleet; they wait for nodes."""

    def wanted(self) -> dict[str, int]:
        """Return the number of objects by kind."""
        return self.model_dump()


@dataclass(frozen=True, slots=True)
class PhaseLength:
    """A phase and how long it lasts."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class WantedFault:
    """One fault; its times count from the drill's start, in seconds."""

    name: str
    arguments: dict[str, Any]
    phase: str
    inject_s: float
    undo_s: float
    lasts: Lasts = "lasting"
    slows_disks: bool = False
    when: str | None = None
    """The state in which it begins, from `inject_s` on, as written; None: at `inject_s`."""
    for_s: float | None = None
    """How long it lasts from when that state came; None: until `undo_s`, the latest in any case."""

    @property
    def latest_s(self) -> float:
        """When it begins at the latest."""
        return self.inject_s + (parse_state(self.when).within_s if self.when else 0.0)


@dataclass(frozen=True, slots=True)
class PhaseObjective:
    """One objective of one phase, and the line it stands on."""

    phase: str
    objective: Objective
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Experiment:
    """All that a drill needs to know. Loads and settings are in the form that the schedule takes."""

    title: str
    why: str
    claim: int | None
    cluster: str
    seed: Seed
    phases: tuple[PhaseLength, ...]
    loads: tuple[ScheduledLoad, ...] = ()
    fleet: Fleet | None = None
    faults: tuple[WantedFault, ...] = ()
    abort: tuple[AbortCondition, ...] = ()
    objectives: tuple[PhaseObjective, ...] = ()
    probing: Probing = field(default_factory=Probing)
    scraping: Scraping = field(default_factory=Scraping)
    headroom: WantedHeadroom = "required"
    warmup: ScheduledWarmup | None = None
    plan: tuple[ScheduledStep, ...] = ()
    """The emergency plan, against the first fault."""
    cluster_changes: dict[str, Any] = field(default_factory=dict)
    """What is changed of the cluster's file, by its keys; None is what is taken away."""
    scale: float = 1.0
    """What the file's rates and seeds have been multiplied by."""

    @property
    def seconds(self) -> float:
        """How long the phases last together."""
        return sum(phase.seconds for phase in self.phases)

    @property
    def rights(self) -> tuple[Rule, ...] | None:
        """What the identity of the drill's activities may do; None if there are none."""
        activities = [fault.arguments for fault in self.faults if fault.name == ACTIVITY]
        if not activities:
            return None
        rules: list[Rule] = []
        for rule in (rule for arguments in activities for rule in arguments["rights"]):
            if rule not in rules:
                rules.append(rule)
        return tuple(rules)

    @property
    def irreversible(self) -> tuple[str, ...]:
        """The names of the faults that nothing can undo, each once."""
        names = (fault.name for fault in self.faults if fault.lasts == "irreversible")
        return tuple(dict.fromkeys(names))

    def phase_start(self, name: str) -> float:
        """Return when a phase begins, in seconds from the drill's start; KeyError if unknown."""
        start = 0.0
        for phase in self.phases:
            if phase.name == name:
                return start
            start += phase.seconds
        raise KeyError(name)

    def phase_end(self, name: str) -> float:
        """Return when a phase ends, in seconds from the drill's start; KeyError if unknown."""
        lengths = {phase.name: phase.seconds for phase in self.phases}
        return self.phase_start(name) + lengths[name]


def refused_on_what_stays(
    experiment: Experiment, *, kept: bool = False, foreign: bool = False
) -> str:
    """Return why the drill needs a cluster of its own, thrown away after it; "" if it does not.

    The cluster stays because it was up before, because it is to be `kept`, or is `foreign`.
    """
    cluster, changes = experiment.cluster, experiment.cluster_changes
    if not changes:
        return refused_where_it_stays(experiment.irreversible, cluster, kept=kept, foreign=foreign)
    keys = ", ".join(f"cluster.{dotted(place)}" for place, _ in changed_keys(changes))
    why, instead = _stays(cluster, kept, foreign)
    return (
        f"{keys}: not as in its file, the cluster is to be this drill's alone, and {why}; {instead}"
    )


def refused_where_it_stays(
    irreversible: Sequence[str], cluster: str, *, kept: bool = False, foreign: bool = False
) -> str:
    """Return why faults that nothing can undo are not injected into a cluster that stays; or "".

    It stays because it was up before, because it is to be `kept`, or is `foreign`.
    """
    if not irreversible:
        return ""
    why, instead = _stays(cluster, kept, foreign)
    names = " and ".join(irreversible)
    return (
        f"{names} cannot be undone, so that the cluster is to be thrown away, and {why}; {instead}"
    )


def _stays(cluster: str, kept: bool, foreign: bool) -> tuple[str, str]:
    """Return why a cluster stays, and what would work."""
    if foreign:
        return f"the cluster {cluster} is not kubedrill's, and stays", "choose another cluster"
    if kept:
        return "--keep-cluster keeps the cluster", "leave that out"
    return f"the cluster {cluster} is up, and stays", f"first: kubedrill cluster down {cluster}"
