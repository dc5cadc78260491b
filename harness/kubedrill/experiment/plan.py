"""Say what a drill would do, before anything is touched: targets, blast radius, objectives in words."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kubedrill.experiment.limited import closed
from kubedrill.experiment.settled import (
    ACTIVITY,
    Experiment,
    WantedFault,
    refused_on_what_stays,
)
from kubedrill.reading.units import format_duration
from kubedrill.record.catalogue import CHOSEN_LATER, Catalogue, Lasts, Rule
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.schedule import FREE_SHARE, on_cluster
from kubedrill.record.wording import words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


_IDENTITY = "system:serviceaccount:kubedrill:activity-RUN"
"""RUN is the run's name, known when it begins."""

_UNKNOWN = (
    "unknown: kubedrill does not look into actions of other extensions; in the cluster, what the rights "
    "of its identity allow; elsewhere, whatever the action reaches"
)


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """One fault, as far as it is known beforehand."""

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
    chosen: str = ""
    """`leader` or `random` where it hits one of them, which is known when it is injected."""
    lasts: Lasts = "lasting"


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
    loads: tuple[dict[str, Any], ...]
    deadline_s: float
    """When a probe has failed."""
    phases: tuple[dict[str, Any], ...]
    faults: tuple[PlannedFault, ...]
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
    """The phases' length; cluster up, seeding and clearing away come on top."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


def plan(experiment: Experiment, catalogue: Catalogue, record: ClusterRecord | None = None) -> Plan:
    """Return what the drill would do; `record` is the cluster's if it is up. Changes nothing."""
    described = (None if experiment.cluster_changes else record) or catalogue.cluster
    zones = described.zones if described else ()
    faults = tuple(_fault(fault, catalogue, zones) for fault in experiment.faults)
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
        refused=(refused_on_what_stays(experiment) if record else "")
        or closed(experiment, catalogue.limits),
        seed=experiment.seed.wanted(),
        loads=tuple(
            {**asdict(load), "rate": load.arrivals.in_words()} for load in experiment.loads
        ),
        deadline_s=experiment.probing.deadline,
        phases=tuple(asdict(phase) for phase in experiment.phases),
        faults=faults,
        identity=None if experiment.rights is None else _IDENTITY,
        rights=experiment.rights or (),
        objectives=tuple(
            {
                "phase": asked.phase,
                "text": asked.objective.text,
                "words": words(asked.objective, asked.phase),
            }
            for asked in experiment.objectives
        ),
        abort=tuple(condition.text for condition in experiment.abort),
        headroom=_headroom(experiment),
        scale=experiment.scale,
        minutes=round(experiment.seconds / 60, 1),
    )


def _headroom(experiment: Experiment) -> str:
    if experiment.headroom == "none":
        return "none: the machine may be the limit"
    return f"{FREE_SHARE:.0%} of the CPU stays free where latency or availability is judged"


def _fault(fault: WantedFault, catalogue: Catalogue, zones: Sequence[str]) -> PlannedFault:
    common: dict[str, Any] = {
        "phase": fault.phase,
        "inject_s": fault.inject_s,
        "undo_s": fault.undo_s,
    }
    if fault.name == ACTIVITY:
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
    known = catalogue.faults[fault.name]
    values = {**_defaults(known.parameters), **fault.arguments}
    asked = values[known.hits] if known.hits else known.target
    chosen = asked if asked in CHOSEN_LATER and known.known_before else ""
    named = zones if chosen else [asked] if isinstance(asked, str) else asked
    targets = tuple(known.target.format(whom) for whom in named)
    if asked in CHOSEN_LATER and not known.known_before:
        targets = (f"{known.hits}s that are chosen when it is injected",)
    return PlannedFault(
        name=fault.name,
        arguments=values,
        does=known.doc,
        blast_radius=_fill_in(known.blast_radius, values),
        needs=known.needs,
        targets=targets,
        chosen=chosen,
        lasts=fault.lasts,
        **common,
    )


def _defaults(parameters: Mapping[str, Any]) -> dict[str, Any]:
    properties: Mapping[str, Mapping[str, Any]] = parameters.get("properties", {})
    return {name: schema["default"] for name, schema in properties.items() if "default" in schema}


def _fill_in(text: str, values: Mapping[str, Any]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", _shown(value))
    return text


def _shown(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return " and ".join(_shown(item) for item in value)
        case dict():
            pairs = (f"{key}: {'null' if of is None else _shown(of)}" for key, of in value.items())
            return f"{{{', '.join(pairs)}}}"
    return str(value)


def render(planned: Plan, console: "Console") -> None:
    """Print a plan for people."""
    claim = f" (claim {planned.claim})" if planned.claim else ""
    console.print(planned.title + claim, style="bold", highlight=False, markup=False)
    console.print(f"{planned.why}\n", highlight=False, markup=False)
    console.print(_facts(planned))
    console.print(_phase_table(planned))
    for fault in planned.faults:
        console.print(_fault_text(fault), highlight=False, markup=False)
    console.print("\nObjectives", style="bold")
    for objective in planned.objectives:
        console.print(
            f"  {objective['text']}\n    {objective['words']}", highlight=False, markup=False
        )
    for text in planned.abort:
        console.print(f"  The drill ends at once if {text}.", highlight=False, markup=False)
    minutes = f"{planned.minutes:g} minutes of phases; nothing has been started."
    console.print(f"\n{minutes}", highlight=False)


def _facts(planned: Plan) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False)
    table.add_column(style="bold")
    table.add_column()
    table.add_row("cluster", Text(on_cluster(planned.cluster, planned.cluster_changes)))
    table.add_row("needs", ", ".join(planned.capabilities) or "nothing beyond the API")
    if planned.missing:
        table.add_row("missing", f"{', '.join(planned.missing)}: the drill would not be started")
    if planned.refused:
        table.add_row("refused", f"{planned.refused}; the drill would not be started")
    table.add_row("may hit", Text(", ".join(planned.targets) or "nothing"))
    if planned.identity:
        may = "; ".join(_right(rule) for rule in planned.rights) or "nothing"
        table.add_row("activities", Text(f"as {planned.identity}; it may: {may}"))
    seeds = ", ".join(f"{count:,} {kind}" for kind, count in planned.seed.items() if count)
    table.add_row("seeds", seeds or "nothing")
    for load in planned.loads:
        name, profile = load["name"], load["profile"]
        during = f" in {', '.join(load['phases'])}" if load["phases"] else ""
        workers = load["workers"]
        shared = f", by {workers['expect']} workers on other machines" if workers else ""
        table.add_row("load", f"{name}: {profile} at {load['rate']}{during}{shared}")
    table.add_row("probes", f"deadline {format_duration(planned.deadline_s)}")
    table.add_row("headroom", planned.headroom)
    if planned.scale != 1:
        table.add_row("scale", f"{planned.scale:g} of the file's rates and seeds")
    return table


def _right(rule: Rule) -> str:
    named = f" {', '.join(rule['resourceNames'])}" if "resourceNames" in rule else ""
    of = [
        f"{resource}.{group}" if group else resource
        for group in rule.get("apiGroups", ())
        for resource in rule.get("resources", ())
    ]
    return f"{', '.join(rule['verbs'])} {', '.join([*of, *rule.get('nonResourceURLs', ())])}{named}"


def _phase_table(planned: Plan) -> "Table":
    from rich.table import Table

    table = Table(title="Phases", title_justify="left")
    for column in ("phase", "from", "length", "faults"):
        table.add_column(column)
    start = 0.0
    for phase in planned.phases:
        name, seconds = phase["name"], phase["seconds"]
        faults = ", ".join(fault.name for fault in planned.faults if fault.phase == name)
        table.add_row(name, format_duration(start), format_duration(seconds), faults)
        start += seconds
    return table


def _fault_text(fault: PlannedFault) -> str:
    arguments = ", ".join(f"{name}: {_shown(value)}" for name, value in fault.arguments.items())
    times = (format_duration(fault.inject_s), format_duration(fault.undo_s))
    return (
        f"\n{fault.name} {arguments}\n  {fault.does}\n"
        f"  {_LASTS[fault.lasts].format(*times)}; needs {', '.join(fault.needs) or 'nothing'}\n"
        f"  hits {_hit(fault)}\n"
        f"  blast radius: {fault.blast_radius or 'not stated'}"
    )


_LASTS: dict[Lasts, str] = {
    "lasting": "from {0} to {1}",
    "momentary": "at {0}, and over at once",
    "irreversible": "at {0}, and cannot be undone: only on a cluster that is thrown away after the drill",
}
"""From when to when a fault is in force."""


def _hit(fault: PlannedFault) -> str:
    names = ", ".join(fault.targets)
    match fault.chosen:
        case "":
            return names
        case "random":
            return f"one of {names}, at random"
    return f"one of {names}: the {fault.chosen} at that time"
