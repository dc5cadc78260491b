"""Say what a drill would do, before anything is touched: targets, blast radius, objectives in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kubedrill.experiment.limited import closed
from kubedrill.experiment.settled import (
    ACTIVITY,
    Experiment,
    PhaseObjective,
    WantedFault,
    refused_on_what_stays,
)
from kubedrill.experiment.worst import Moment, Takes, moments, worst
from kubedrill.record.catalogue import CHOSEN_LATER, Catalogue, FaultDescription, Lasts, Rule
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.emergency import ScheduledStep
from kubedrill.record.fleet import Fleet
from kubedrill.record.schedule import FREE_SHARE
from kubedrill.record.simulated import simulated
from kubedrill.record.taken import Taken
from kubedrill.record.wording import words

UP_S, SEEDED_PER_S, SWEPT_S, AROUND_S = 8.0, 450.0, 9.0, 15.0
"""On two cores: docs/benchmarks.md (cluster up), docs/observing.md (seeds); the last is for measuring the
machine, starting the load, and judging."""

_IDENTITY = "system:serviceaccount:kubedrill:activity-RUN"
"""RUN is the run's name, known when it begins."""

_UNKNOWN = (
    "unknown: kubedrill does not look into actions of other extensions; in the cluster, what the rights "
    "of its identity allow; elsewhere, whatever the action reaches"
)


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """One fault, as far as it is known beforehand."""

    number: int
    """In the order of injection, from 1."""
    name: str
    arguments: dict[str, Any]
    phase: str
    inject_s: float
    undo_s: float
    does: str
    blast_radius: str
    needs: tuple[str, ...]
    """The capabilities that the cluster must have."""
    targets: tuple[str, ...]
    """What it may hit."""
    when: str | None = None
    """The state in which it begins, from `inject_s` on; None: at that time."""
    latest_s: float | None = None
    """When it begins at the latest, if it waits for a state."""
    for_s: float | None = None
    """How long it lasts from when that state came; None: until `undo_s`."""
    chosen: str = ""
    """`leader` or `random` where it hits one of them, which is known when it is injected."""
    lasts: Lasts = "lasting"
    taken: tuple[Taken, ...] = ()
    """What is away of the cluster for it, at most."""
    commands: tuple[tuple[str, ...], ...] = ()
    """For each target that commands of the cluster's file hit: what is run for it, and then to undo it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a drill would do. Times in seconds from the first phase's start."""

    title: str
    claim: int | None
    why: str
    cluster: str
    cluster_changes: Mapping[str, Any]
    """What is changed of the cluster's file, by its keys."""
    targets: tuple[str, ...]
    """What faults may hit."""
    capabilities: tuple[str, ...]
    missing: tuple[str, ...]
    """Capabilities that the cluster lacks; empty also when it is not up."""
    refused: str
    """Why the drill would not be started on the cluster that is up; empty if it would be."""
    seed: dict[str, int]
    fleet: dict[str, Any] | None
    """Its nodes, zones and bursts, and in words what of them is simulated; None if there is none."""
    loads: tuple[dict[str, Any], ...]
    deadline_s: float
    """When a probe has failed."""
    phases: tuple[dict[str, Any], ...]
    faults: tuple[PlannedFault, ...]
    """In the order of injection."""
    moments: tuple[Moment, ...]
    """Which are in force together, and what is away then."""
    worst: tuple[Taken, ...]
    """Of each kind, what is away when the fewest are left."""
    identity: str | None
    """Whom activities of other extensions act as; None if there are none."""
    rights: tuple[Rule, ...]
    """What it may do in the cluster: rules as of a ClusterRole."""
    objectives: tuple[dict[str, str], ...]
    abort: tuple[str, ...]
    headroom: str
    """What of the machine's CPU must stay free, in words."""
    scale: float
    """What the file's rates and seeds have been multiplied by."""
    minutes: float
    """The phases' length."""
    whole_minutes: float
    """About how long until the verdict: with seeds, clearing away, and a cluster that is not up."""
    meets: tuple[str, ...] = ()
    """What of a cluster that serves others will come to the fleet's nodes, or would delete them."""
    emergency: tuple[ScheduledStep, ...] = ()
    """The steps of the emergency plan, which is executed while the first fault is in force."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        plain = asdict(self)
        for number, fault in enumerate(self.faults):
            plain["faults"][number]["taken"] = _plain(fault.taken)
        for number, moment in enumerate(self.moments):
            plain["moments"][number]["taken"] = _plain(moment.taken)
        return {**plain, "worst": _plain(self.worst)}


def plan(
    experiment: Experiment,
    catalogue: Catalogue,
    record: ClusterRecord | None = None,
    takes: Takes = lambda _: (),
    refused: str = "",
) -> Plan:
    """Return what the drill would do; `record` is the cluster's if it is up. Changes nothing.

    `takes` says what faults take away of the cluster, `refused` why the one that is up cannot take them.
    """
    described = (None if experiment.cluster_changes else record) or catalogue.cluster
    zones = described.zones if described else ()
    foreign = described is not None and described.foreign
    wanted = sorted(experiment.faults, key=lambda fault: fault.inject_s)
    faults = tuple(
        _fault(number, fault, catalogue, zones, tuple(takes([fault])))
        for number, fault in enumerate(wanted, 1)
    )
    stretches = moments(wanted, takes, catalogue, experiment.seconds)
    needed = tuple(sorted({need for fault in faults for need in fault.needs}))
    return Plan(
        title=experiment.title,
        claim=experiment.claim,
        why=experiment.why,
        cluster=experiment.cluster,
        cluster_changes=experiment.cluster_changes,
        targets=tuple(dict.fromkeys(target for fault in faults for target in fault.targets)),
        capabilities=needed,
        missing=tuple(need for need in needed if record and need not in record.capabilities),
        refused=(refused_on_what_stays(experiment, foreign=foreign) if record or foreign else "")
        or refused
        or closed(experiment, catalogue.limits),
        seed=experiment.seed.wanted(),
        fleet=_fleet(experiment.fleet),
        loads=tuple(
            {**asdict(load), "rate": load.arrivals.in_words()} for load in experiment.loads
        ),
        deadline_s=experiment.probing.deadline,
        phases=tuple(asdict(phase) for phase in experiment.phases),
        faults=faults,
        moments=stretches,
        worst=worst(stretches),
        identity=None if experiment.rights is None else _IDENTITY,
        rights=experiment.rights or (),
        objectives=tuple(map(_objective, experiment.objectives)),
        abort=tuple(condition.text for condition in experiment.abort),
        headroom=_headroom(experiment),
        scale=experiment.scale,
        minutes=round(experiment.seconds / 60, 1),
        whole_minutes=round((experiment.seconds + _around_s(experiment, up=bool(record))) / 60, 1),
        emergency=experiment.plan,
    )


def _fleet(fleet: Fleet | None) -> dict[str, Any] | None:
    return {**asdict(fleet), "simulated": simulated(fleet)} if fleet else None


def _objective(asked: PhaseObjective) -> dict[str, str]:
    text, said = asked.objective.text, words(asked.objective, asked.phase)
    return {"phase": asked.phase, "text": text, "words": said}


def _around_s(experiment: Experiment, *, up: bool) -> float:
    """Return about how long what is beside the phases takes, in seconds."""
    seeds = sum(experiment.seed.wanted().values())
    seeding = seeds / SEEDED_PER_S + (SWEPT_S if seeds and up else 0.0)
    return AROUND_S + seeding + (0.0 if up else UP_S)


def _plain(taken: Sequence[Taken]) -> list[dict[str, Any]]:
    return [part.as_dict() for part in taken]


def _headroom(experiment: Experiment) -> str:
    if experiment.headroom == "none":
        return "none: the machine may be the limit"
    return f"{FREE_SHARE:.0%} of the CPU stays free where latency or availability is judged"


def _fault(
    number: int,
    fault: WantedFault,
    catalogue: Catalogue,
    zones: Sequence[str],
    taken: tuple[Taken, ...],
) -> PlannedFault:
    common: dict[str, Any] = {
        "number": number,
        "taken": taken,
        "phase": fault.phase,
        "inject_s": fault.inject_s,
        "undo_s": fault.undo_s,
        "when": fault.when,
        "latest_s": fault.latest_s if fault.when else None,
        "for_s": fault.for_s,
    }
    if fault.name == ACTIVITY:
        return _activity(fault, common)
    known = catalogue.faults[fault.name]
    values = {**_defaults(known.parameters), **fault.arguments}
    targets, chosen = _targets(known, values, zones)
    return PlannedFault(
        name=fault.name,
        arguments=values,
        does=known.doc,
        blast_radius=_fill_in(known.blast_radius, values),
        needs=known.needs,
        targets=targets,
        chosen=chosen,
        lasts=fault.lasts,
        commands=_commands(known, targets, catalogue),
        **common,
    )


def _commands(
    known: FaultDescription, targets: Iterable[str], catalogue: Catalogue
) -> tuple[tuple[str, ...], ...]:
    """Return what is run for each target, and to undo it, where commands do that."""
    commands = catalogue.cluster.commands if catalogue.cluster else {}
    found = (commands.get(target, {}).get(way) for target in targets for way in known.ways)
    return tuple(filter(None, found))


def _activity(fault: WantedFault, common: Mapping[str, Any]) -> PlannedFault:
    action = fault.arguments["activity"]["name"]
    return PlannedFault(
        name=fault.name,
        arguments=fault.arguments,
        does=f"the Chaos Toolkit action {action}",
        blast_radius=_UNKNOWN,
        needs=(),
        targets=(f"unknown, by the activity {action}",),
        **common,
    )


def _targets(
    known: FaultDescription, values: Mapping[str, Any], zones: Sequence[str]
) -> tuple[tuple[str, ...], str]:
    """Return what a fault may hit, and how it is chosen among these; "" if it hits all of them."""
    asked = values[known.hits] if known.hits else known.target
    later = asked in CHOSEN_LATER
    if later and not known.known_before:
        return (f"{known.hits}s that are chosen when it is injected",), ""
    named = zones if later else [asked] if isinstance(asked, str) else asked
    return tuple(known.target.format(whom) for whom in named), asked if later else ""


def _defaults(parameters: Mapping[str, Any]) -> dict[str, Any]:
    properties: Mapping[str, Mapping[str, Any]] = parameters.get("properties", {})
    return {name: schema["default"] for name, schema in properties.items() if "default" in schema}


def _fill_in(text: str, values: Mapping[str, Any]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", shown(value))
    return text


def shown(value: Any) -> str:
    """Return an argument as it is written."""
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return " and ".join(shown(item) for item in value)
        case dict():
            pairs = (f"{key}: {'null' if of is None else shown(of)}" for key, of in value.items())
            return f"{{{', '.join(pairs)}}}"
    return str(value)
