"""The experiment file as people write it: keys, types, defaults."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)

from kubedrill.experiment.entry import MOST_FAULTS, schema_of_entries
from kubedrill.experiment.fleets import FleetPart
from kubedrill.experiment.settled import Seed
from kubedrill.experiment.worker_parts import WorkersPart
from kubedrill.reading.arrivals import Arrivals, Spacing
from kubedrill.reading.rate import ClosedLoopPart, LoadRate, RateShape, arrivals
from kubedrill.reading.types import (
    LONGEST_DRILL,
    Name,
    Part,
    PhaseDuration,
    Title,
    Why,
)
from kubedrill.reading.units import format_duration, parse_duration
from kubedrill.record.emergency import MOST_STEPS, PlanStep
from kubedrill.record.schedule import Probing, ScheduledLoad, Scraping, WantedHeadroom
from kubedrill.record.warmup import Warmup

MOST_LOADS = 64
"""Each is a process, or several."""
MOST_CLAIMS = 9999


class ClusterPart(Part):
    """A file of clusters/, and what this drill changes of it: any of its keys; null takes one away."""

    model_config = ConfigDict(extra="allow")

    name: str
    """The file: `local-3az` for local-3az.yaml."""


def _which(value: Any) -> str:
    return "[changed]" if isinstance(value, dict | ClusterPart) else "[file]"


ClusterNamed = Annotated[
    Annotated[str, Tag("[file]")] | Annotated[ClusterPart, Tag("[changed]")], Discriminator(_which)
]


def cluster_named(name: str, changes: Mapping[str, Any]) -> str | ClusterPart:
    """Return a cluster as an experiment file has it: its name alone, if nothing is changed."""
    return ClusterPart.model_validate({**changes, "name": name}) if changes else name


class LoadPart(Part):
    """One load: a profile under a name."""

    profile: str
    """A file of loadprofiles/, `mass-list` for mass_list.py."""
    name: Name = Field(alias="as")
    """The name that objectives use."""
    rate: LoadRate | None = None
    """Arrivals a second, whether or not earlier ones have been answered; or how they change."""
    spacing: Spacing = "paced"
    """Evenly, or at random as independent clients come."""
    burst: int = Field(1, ge=1, le=10_000)
    """How many come at once; at 10/s, bursts of 50 come every 5 s."""
    closed_loop: ClosedLoopPart | None = None
    """Instead of a rate: clients that wait for their answers, and so spare a server that is slow."""
    phases: tuple[str, ...] = ()
    """The phases in which it presses; all of them, if none is named."""
    processes: int = Field(1, ge=1, le=64)
    """How many processes share its arrivals, where one core does not suffice."""
    workers: WorkersPart | None = None
    """Instead of processes: workers on other machines."""
    parameters: dict[str, Any] = Field(default_factory=dict, alias="with")
    """The profile's parameters: `kubedrill profiles` lists them."""

    @model_validator(mode="after")
    def _one_meaning(self) -> "LoadPart":
        if (self.rate is None) == (self.closed_loop is None):
            raise ValueError("needs a rate, such as 10/s, or a closed_loop, not both")
        given = [key for key in ("spacing", "burst") if key in self.model_fields_set]
        if self.closed_loop is not None and given:
            raise ValueError(
                f"{' and '.join(given)} say when arrivals are due; in a closed_loop answers do, leave it out"
            )
        if self.workers and self.processes > 1:
            raise ValueError(
                "processes and workers exclude each other; start several workers on one machine"
            )
        return self

    def scheduled(self, folder: Path) -> ScheduledLoad:
        """Return it as a schedule holds it; ValueError if a recorded rate, beside `folder`, is not usable."""
        return ScheduledLoad(
            name=self.name,
            profile=self.profile,
            arrivals=self._arrivals(folder),
            parameters=self.parameters,
            phases=self.phases,
            processes=self.processes,
            workers=self.workers.remote if self.workers else None,
        )

    def _arrivals(self, folder: Path) -> Arrivals:
        if self.closed_loop is not None:
            return Arrivals.closed(self.closed_loop.clients, self.closed_loop.pause)
        assert self.rate is not None
        return arrivals(self.rate, self.spacing, self.burst, folder)

    @classmethod
    def of(cls, load: ScheduledLoad) -> "LoadPart":
        """Return what `scheduled` made a load of, unchecked; a rate that changes as its points."""
        due = load.arrivals
        loop = ClosedLoopPart.model_construct(clients=due.clients, pause=due.pause_s)
        changes = RateShape.model_construct(points=due.points)
        return cls.model_construct(
            profile=load.profile,
            name=load.name,
            rate=None if due.clients else changes if due.points[1:] else due.points[0][1],
            spacing=due.spacing,
            burst=due.burst,
            closed_loop=loop if due.clients else None,
            phases=load.phases,
            processes=load.processes,
            workers=WorkersPart.of(load.workers) if load.workers else None,
            parameters=load.parameters,
        )

    def written(self) -> dict[str, Any]:
        """Return it as a person would write it, without what does not apply to it."""
        beside_rate = {"spacing", "burst"} if self.closed_loop else set[str]()
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=beside_rate)


MOST_ARMS = 8
MOST_REPEATS = 20


class VariantsPart(Part):
    """The drill played several times, with one thing changed."""

    arms: dict[Name, dict[str, Any]] = Field(
        min_length=2,
        max_length=MOST_ARMS,
        json_schema_extra={
            "additionalProperties": {"type": "object", "minProperties": 1, "maxProperties": 1}
        },
    )
    """By name, the one key that each gives a value of its own: `load[0].with.mode: watch`."""
    repeat: int = Field(2, ge=1, le=MOST_REPEATS)
    """How often each arm is played; A B B A, if twice."""
    slos: dict[str, tuple[str, ...]] = Field(json_schema_extra={"minProperties": 1})
    """Objectives by phase that relate two arms: `b.apiserver.cpu.rate <= 50% * a.apiserver.cpu.rate`."""


def _together(phases: dict[str, float]) -> dict[str, float]:
    if (total := sum(phases.values())) > parse_duration(LONGEST_DRILL):
        raise ValueError(
            f"together they last {format_duration(round(total, 9))}; at most {LONGEST_DRILL}"
        )
    return phases


class ExperimentFile(Part):
    """One claim, and the drill that proves or refutes it."""

    title: Title
    """What happens, in a sentence."""
    claim: int | None = Field(None, ge=1, le=MOST_CLAIMS)
    """The row of the catalogue of claims."""
    why: Why
    """What should hold, and why it matters."""
    cluster: ClusterNamed
    """A file of clusters/, `local-3az` for local-3az.yaml; or its name, and what is changed of it."""
    seed: Seed = Seed()
    fleet: FleetPart | None = None
    """Hollow nodes, which the drill brings and takes away."""
    load: tuple[LoadPart, ...] = Field((), max_length=MOST_LOADS)
    phases: Annotated[dict[Name, PhaseDuration], AfterValidator(_together)] = Field(
        min_length=1, json_schema_extra={"additionalProperties": False}
    )
    """Names of your own, in the order in which they run, and how long each lasts."""
    faults: Annotated[tuple[dict[str, Any], ...], WithJsonSchema({**schema_of_entries()})] = Field(
        (), max_length=MOST_FAULTS
    )
    """What breaks, each undone when its phase ends, or on any exit."""
    plan: tuple[PlanStep, ...] = Field((), max_length=MOST_STEPS)
    """The emergency plan: what is done while the first fault is in force, step by step, and shown to work."""
    abort: tuple[str, ...] = ()
    """Conditions on which the drill ends at once: `availability < 50% for 30s`."""
    slos: dict[str, tuple[str, ...]] = Field(json_schema_extra={"minProperties": 1})
    """Objectives by phase: `list.p99 < 1s`. There is at least one."""
    probing: Probing = Probing()
    scraping: Scraping = Scraping()
    variants: VariantsPart | None = None
    """The drill played several times, with one thing changed, and the runs compared."""
    warmup: Warmup | None = None
    """The load presses before the first phase, until it is steady; what it warms up does not count."""
    when_cluster: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    """By provider of the cluster, what this file says otherwise there: `kind: {slos.fault[2]: ...}`."""
    headroom: WantedHeadroom = "required"
    """`none` where the drill looks for the machine's limit; else objectives on latency and availability
    need a quarter of its CPU free."""

    @property
    def cluster_name(self) -> str:
        """The name of the cluster's file."""
        return self.cluster.name if isinstance(self.cluster, ClusterPart) else self.cluster

    @property
    def cluster_changes(self) -> dict[str, Any]:
        """What is changed of it, by its keys."""
        changed = self.cluster if isinstance(self.cluster, ClusterPart) else None
        return dict(changed.model_extra or {}) if changed else {}

    def written(self) -> dict[str, Any]:
        """Return it as the file of one run, which has no variants: it is one of them."""
        absent = {key for key in ("fleet", "warmup", "plan") if not getattr(self, key)}
        return self.model_dump(
            mode="json", by_alias=True, exclude={"variants", "when_cluster"} | absent
        )
