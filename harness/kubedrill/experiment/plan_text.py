"""Print a plan for people."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from kubedrill.experiment.plan import Plan, PlannedFault, shown
from kubedrill.experiment.settled import ACTIVITY
from kubedrill.experiment.worst import Moment
from kubedrill.reading.units import format_duration
from kubedrill.record.catalogue import Lasts, Rule
from kubedrill.record.changes import on_cluster
from kubedrill.words import are, counted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def render(planned: Plan, console: "Console") -> None:
    """Print a plan for people."""
    claim = f" (claim {planned.claim})" if planned.claim else ""
    console.print(planned.title + claim, style="bold", highlight=False, markup=False)
    console.print(f"{planned.why}\n", highlight=False, markup=False)
    console.print(_facts(planned))
    console.print(_phase_table(planned))
    for fault in planned.faults:
        console.print(_fault_text(fault), highlight=False, markup=False)
    _render_moments(planned, console)
    _render_emergency(planned, console)
    console.print("\nObjectives", style="bold")
    for objective in planned.objectives:
        console.print(
            f"  {objective['text']}\n    {objective['words']}", highlight=False, markup=False
        )
    for text in planned.abort:
        console.print(f"  The drill ends at once if {text}.", highlight=False, markup=False)
    minutes = f"{planned.minutes:g} minutes of phases"
    whole = f"about {planned.whole_minutes:g} with all around them"
    console.print(f"\n{minutes}, {whole}; nothing has been started.", highlight=False)


def _render_moments(planned: Plan, console: "Console") -> None:
    """Print what is away when, all faults together, and the worst of it."""
    if not planned.moments:
        return
    console.print("\nAway at most, all faults together", style="bold")
    for moment in planned.moments:
        console.print(_moment_text(planned, moment), highlight=False, markup=False)
    for part in planned.worst if len(planned.moments) > 1 else ():
        console.print(f"  worst: {part.words()}", highlight=False, markup=False)


def _render_emergency(planned: Plan, console: "Console") -> None:
    """Print the steps of the emergency plan, if there is one."""
    if not planned.emergency:
        return
    console.print(f"\nEmergency plan, against {planned.faults[0].name}", style="bold")
    for step in planned.emergency:
        who = "a person: " if step.person else ""
        words = f"  {step.name}, within {format_duration(step.within_s)}: {who}{step.does}"
        shows = " ".join(step.verify) or (step.verify_in and f"the objectives of {step.verify_in}")
        words += f"\n    verified by {shows}" if shows else ""
        console.print(words, highlight=False, markup=False)


def _moment_text(planned: Plan, moment: Moment) -> str:
    there = [planned.faults[number - 1] for number in moment.faults]
    names = ", ".join(f"{fault.number} {fault.name}" for fault in there)
    words = [part.words() for part in moment.taken]
    words += ["what activities take away is not known"] * any(
        fault.name == ACTIVITY for fault in there
    )
    lines = "".join(f"\n    {line}" for line in words or ["nothing"])
    times = f"{format_duration(moment.begin_s)} to {format_duration(moment.end_s)}"
    return f"  {times}: {names}{lines}"


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
    if planned.fleet:
        table.add_row("fleet", Text(_fleet(planned.fleet)))
        table.add_row("simulated", Text(planned.fleet["simulated"] or "nothing"))
    for what in planned.meets:
        table.add_row("beware", Text(what))
    for load in planned.loads:
        name, profile = load["name"], load["profile"]
        during = f" in {', '.join(load['phases'])}" if load["phases"] else ""
        workers = load["workers"]
        where = "in pods" if workers and workers["pods"] else "on other machines"
        shared = f", by {workers['expect']} workers {where}" if workers else ""
        table.add_row("load", f"{name}: {profile} at {load['rate']}{during}{shared}")
    table.add_row("probes", f"deadline {format_duration(planned.deadline_s)}")
    table.add_row("headroom", planned.headroom)
    if planned.scale != 1:
        table.add_row("scale", f"{planned.scale:g} of the file's rates and seeds")
    return table


def _fleet(fleet: Mapping[str, Any]) -> str:
    """Return how many nodes there are, and how many come when."""
    where = f"zones {', '.join(fleet['zones'])}" if fleet["zones"] else "all zones"
    alike = groupby(fleet["bursts"], lambda burst: (burst["nodes"], burst["stay_s"]))
    bursts = "".join(_bursts([*group]) for _, group in alike)
    wanted = groupby(fleet["demands"], itemgetter("pods"))
    demands = "".join(_demands(pods, [*group]) for pods, group in wanted)
    if fleet["engine"] == "cluster":
        labels = ", ".join(f"{key}={value}" for key, value in fleet["workload"]["selector"].items())
        labelled = f" that are labelled {labels}" if labels else ""
        return f"the cluster's own nodes{labelled}, which are watched{demands}"
    played = "hollow nodes" if fleet["engine"] == "hollow" else "nodes, played by KWOK,"
    ordered = _ordered(fleet["autoscaler"]) if fleet["autoscaler"] else ""
    return f"{fleet['nodes']:,} {played} in {where}{bursts}{ordered}{demands}{''.join(_changes(fleet))}"


def _changes(fleet: Mapping[str, Any]) -> Iterator[str]:
    """Yield when nodes are replaced."""
    if replace := fleet["replace"]:
        at_once = f" ({replace['at_once']} at once)" if replace["at_once"] > 1 else ""
        yield f"; each zone's{at_once} are replaced from {format_duration(replace['at_s'])} on"


def _bursts(alike: list[Mapping[str, Any]]) -> str:
    """Return when nodes come, as many each time, and for how long."""
    stay_s = alike[0]["stay_s"]
    stay = f" for {format_duration(stay_s)}" if stay_s is not None else ""
    return f", {alike[0]['nodes']:,} more {_when(alike)}{stay}"


def _demands(pods: int, alike: list[Mapping[str, Any]]) -> str:
    """Return when more pods are wanted, as many each time."""
    return f"; {counted(pods, 'more pod')} {are(pods)} wanted {_when(alike)}"


def _when(alike: list[Mapping[str, Any]]) -> str:
    first, last = (format_duration(each["at_s"]) for each in (alike[0], alike[-1]))
    return f"at {first}" if len(alike) == 1 else f"{len(alike)} times from {first} to {last}"


def _ordered(autoscaler: Mapping[str, Any]) -> str:
    """Return who orders more, and how long that takes."""
    looks, boot = (format_duration(autoscaler[key]) for key in ("looks_s", "boot_s"))
    starts = f", each {boot} later in the median" if autoscaler["boot_s"] else ""
    most = f"up to {autoscaler['at_most']:,} in all"
    return f", {most} as an autoscaler orders them, which looks every {looks}{starts}"


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
    # Among the defaults are those that say nothing: no zone, no port, no label.
    given = {name: value for name, value in fault.arguments.items() if value not in (None, "", [])}
    arguments = ", ".join(f"{name}: {shown(value)}" for name, value in given.items())
    away = "".join(f"\n  {part.words()}" for part in fault.taken)
    return (
        f"\n{fault.number}. {fault.name} {arguments}\n  {fault.does}\n"
        f"  {_span(fault)}; needs {', '.join(fault.needs) or 'nothing'}\n"
        f"  hits {_hit(fault)}\n"
        f"  blast radius: {fault.blast_radius or 'not stated'}{away}"
        f"{''.join(map(_commands, fault.commands))}"
    )


def _commands(commands: Sequence[str]) -> str:
    """Return what is run for one target, a line each."""
    run, *undo = commands
    return "".join([f"\n  runs: {run}", *(f"\n    undo: {line}" for line in undo)])


def _span(fault: PlannedFault) -> str:
    """Return from when to when a fault is in force."""
    begin, until = format_duration(fault.inject_s), f"to {format_duration(fault.undo_s)}"
    if fault.latest_s is None:
        at = f"from {begin}" if fault.lasts == "lasting" else f"at {begin}"
    else:
        latest = format_duration(fault.latest_s)
        at = f"from {begin} on, as soon as {fault.when}, at {latest} at the latest (else INVALID),"
        until = f"until {format_duration(fault.undo_s)}"
    if fault.for_s is not None:
        until = f"for {format_duration(fault.for_s)}"
    return _LASTS[fault.lasts].format(at, until)


_LASTS: dict[Lasts, str] = {
    "lasting": "{0} {1}",
    "momentary": "{0}, and over at once",
    "irreversible": "{0}, and cannot be undone: only on a cluster that is thrown away after the drill",
}


def _hit(fault: PlannedFault) -> str:
    names = ", ".join(fault.targets)
    match fault.chosen:
        case "":
            return names
        case "random":
            return f"one of {names}, at random"
    return f"one of {names}: the {fault.chosen} at that time"
