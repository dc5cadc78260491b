"""Write an experiment down: as the YAML that ran, and as the schedule of one run."""

from typing import Any

from kubedrill.clock import SECOND, ClockPair
from kubedrill.experiment.entry import BesideFault
from kubedrill.experiment.fleets import FleetPart
from kubedrill.experiment.schema import ExperimentFile, LoadPart, cluster_named
from kubedrill.experiment.settled import ACTIVITY, Experiment, Seed
from kubedrill.reading.units import format_duration
from kubedrill.reading.yaml_nodes import dump
from kubedrill.record.emergency import PlanStep
from kubedrill.record.schedule import Phase, Schedule, ScheduledFault, ScheduledObjective
from kubedrill.record.warmup import Warmup

SCALED = "# --scale "
"""Begins the first line of a file whose rates and seeds are not as they were written."""


def schedule(experiment: Experiment, name: str, run: str, clock: ClockPair, start: int) -> Schedule:
    """Put the experiment `name` on the clock; `start` is the first phase's, in monotonic ns."""

    def at(seconds: float) -> int:
        return start + round(seconds * SECOND)

    return Schedule(
        experiment=name,
        run=run,
        title=experiment.title,
        why=experiment.why,
        claim=experiment.claim,
        cluster=experiment.cluster,
        cluster_changes=experiment.cluster_changes,
        clock=clock,
        phases=tuple(
            Phase(
                phase.name,
                at(experiment.phase_start(phase.name)),
                at(experiment.phase_end(phase.name)),
            )
            for phase in experiment.phases
        ),
        loads=experiment.loads,
        fleet=experiment.fleet,
        faults=tuple(
            ScheduledFault(
                fault.name,
                fault.arguments,
                fault.phase,
                at(fault.inject_s),
                at(fault.undo_s),
                fault.lasts,
                fault.slows_disks,
                fault.when,
                fault.for_s,
            )
            for fault in experiment.faults
        ),
        objectives=tuple(
            ScheduledObjective(asked.phase, asked.objective.text, asked.line)
            for asked in experiment.objectives
        ),
        abort=tuple(condition.text for condition in experiment.abort),
        probing=experiment.probing,
        scraping=experiment.scraping,
        headroom=experiment.headroom,
        warmup=experiment.warmup,
        plan=experiment.plan,
        scale=experiment.scale,
    )


def to_yaml(experiment: Experiment) -> str:
    """Return the experiment file, every default and `--set` written out; `read` reads it back.

    Times are as the schedule has them, in whole ns.
    """
    return as_yaml(schedule(experiment, "", "", ClockPair(0, 0, ""), 0), experiment.seed)


def as_yaml(scheduled: Schedule, seed: Seed) -> str:
    """Return the experiment file of a run with this schedule; what was seeded stands in no schedule."""
    file = ExperimentFile.model_construct(
        title=scheduled.title,
        claim=scheduled.claim,
        why=scheduled.why,
        cluster=cluster_named(scheduled.cluster, scheduled.cluster_changes),
        seed=seed,
        fleet=_fleet(scheduled),
        phases={phase.name: (phase.end - phase.start) / SECOND for phase in scheduled.phases},
        faults=tuple(_fault(fault, scheduled) for fault in scheduled.faults),
        abort=scheduled.abort,
        slos=_slos(scheduled),
        probing=scheduled.probing,
        scraping=scheduled.scraping,
        headroom=scheduled.headroom,
        warmup=Warmup.of(scheduled.warmup) if scheduled.warmup else None,
        plan=tuple(map(PlanStep.of, scheduled.plan)),
    )
    loads = {"load": [LoadPart.of(load).written() for load in scheduled.loads]}
    scaled = f"{SCALED}{scheduled.scale:g} is in these rates and seeds.\n"
    return (scaled if scheduled.scale != 1 else "") + dump(file.written() | loads)


def _fleet(scheduled: Schedule) -> FleetPart | None:
    if scheduled.fleet is None:
        return None
    start = scheduled.start
    times = {
        phase.name: ((phase.start - start) / SECOND, (phase.end - start) / SECOND)
        for phase in scheduled.phases
    }
    return FleetPart.of(scheduled.fleet, times)


def _slos(scheduled: Schedule) -> dict[str, tuple[str, ...]]:
    slos: dict[str, tuple[str, ...]] = {}
    for objective in scheduled.objectives:
        slos[objective.phase] = (*slos.get(objective.phase, ()), objective.text)
    return slos


def _fault(fault: ScheduledFault, scheduled: Schedule) -> dict[str, Any]:
    begins = {phase.name: phase.start for phase in scheduled.phases}
    times: dict[str, Any] = {"lasts": _seconds(fault.inject, fault.undo)}
    if fault.when is not None:
        times = {} if fault.for_s is None else {"lasts": format_duration(fault.for_s)}
        times["when"] = fault.when
    at = _seconds(begins.get(fault.phase, scheduled.start), fault.inject)
    beside = BesideFault(phase=fault.phase, at=at, **times).written()
    if fault.name == ACTIVITY:
        return {**fault.arguments, **beside}
    return {fault.name: fault.arguments, **beside}


def _seconds(start: int, end: int) -> str:
    return format_duration((end - start) / SECOND)
