"""Judge: whether the timeline tells what the files tell from which its events were copied, and all phases."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kubedrill.judge.evidence import Evidence
from kubedrill.reading.problems import Location, dotted
from kubedrill.record.changes import changed_keys
from kubedrill.record.timeline import (
    ComponentExited,
    ComponentStarted,
    DrillStarted,
    Event,
    FaultTold,
    PhaseBegan,
    PlanTold,
    component_event,
)
from kubedrill.words import shown


def contradictions(evidence: Evidence) -> Iterator[str]:
    """Yield where the timeline of a drill that came to its end differs from its sources, in words.

    A file that cannot be read is told by who needs it.
    """
    folder, timeline = evidence.folder, evidence.events
    exits = [component_event(line) for line in evidence.metrics.exits.lines]
    if not evidence.metrics.exits.doubt:
        told = [
            event for event in timeline if isinstance(event, ComponentStarted | ComponentExited)
        ]
        yield from _differing(folder.exits, exits, told)
    if evidence.told.doubt:
        yield evidence.told.doubt
    else:
        lines = [FaultTold.of(line) for line in evidence.told.lines]
        faults = [event for event in timeline if isinstance(event, FaultTold)]
        yield from _differing(folder.faults, lines, faults)
    planned = [PlanTold.of(line) for line in evidence.plan.lines]
    if not evidence.plan.doubt:
        steps = [event for event in timeline if isinstance(event, PlanTold)]
        yield from _differing(folder.plan, planned, steps)
    begun = [(event.name, event.time) for event in timeline if isinstance(event, PhaseBegan)]
    if begun != [(phase.name, phase.start) for phase in evidence.schedule.phases]:
        yield f"{folder.timeline.name}: the phases that it tells of are not those of schedule.json"
    made = next((event.time for event in timeline if isinstance(event, DrillStarted)), 0)
    if made >= evidence.schedule.start:
        yield f"{folder.timeline.name}: the run's folder was not made before the first phase"
    calibration = evidence.machine.calibration
    if calibration and calibration.time >= evidence.schedule.start:
        yield f"{folder.machine.name}: time: is not before the first phase"
    yield from _cluster(evidence)


def _cluster(evidence: Evidence) -> Iterator[str]:
    """Yield why cluster.json is of another cluster, or none that there is, in words."""
    cluster, file = evidence.cluster, evidence.folder.cluster.name
    if cluster.name != evidence.schedule.cluster:
        yield f"{file}: name: is not the cluster of schedule.json"
    for component in cluster.components:
        if component.zone is not None and component.zone not in cluster.zones:
            yield f"{file}: the zone of {shown(component.name)} is none of the cluster's"
            break
    for place, wanted in changed_keys(evidence.schedule.cluster_changes):
        had = _at(cluster.settings, place)
        if None not in (wanted, had) and had != wanted:
            key = dotted(("settings", *place))
            yield f"{file}: {key}: is {shown(had)}, and by schedule.json {shown(wanted)}"


def _at(settings: Any, place: Location) -> Any:
    """Return what a cluster's settings say at a place; None if they say nothing there."""
    for step in place:
        settings = settings.get(step) if isinstance(settings, dict) else None
    return settings


def _differing(path: Path, lines: Sequence[Event], told: Sequence[Event]) -> Iterator[str]:
    """Yield the first event that stands in one of both only."""
    for number, line in enumerate(lines, 1):
        if line not in told:
            yield f"{path.name}:{number}: timeline.jsonl does not tell of it, or tells it otherwise"
            return
    missing = next((event for event in told if event not in lines), None)
    if missing is not None:
        yield f"{path.name}: has no line of what timeline.jsonl tells of at {missing.time}"
