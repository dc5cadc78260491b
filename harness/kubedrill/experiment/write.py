"""Write an experiment down: as the YAML that ran, and as the schedule of one run."""

from typing import Any

from kubedrill.clock import SECOND, ClockPair
from kubedrill.experiment.settled import ACTIVITY, Experiment
from kubedrill.reading.rate import write_arrivals
from kubedrill.reading.units import format_duration, format_rate
from kubedrill.reading.yaml_nodes import dump
from kubedrill.record.remote import RemoteWorkers
from kubedrill.record.schedule import (
    Phase,
    Probing,
    Schedule,
    ScheduledFault,
    ScheduledLoad,
    ScheduledObjective,
    Scraping,
)

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
        clock=clock,
        phases=tuple(
            Phase(
                one.name, at(experiment.phase_start(one.name)), at(experiment.phase_end(one.name))
            )
            for one in experiment.phases
        ),
        loads=experiment.loads,
        faults=tuple(
            ScheduledFault(
                fault.name,
                fault.arguments,
                fault.phase,
                at(fault.inject_s),
                at(fault.undo_s),
                fault.lasts,
            )
            for fault in experiment.faults
        ),
        objectives=tuple(
            ScheduledObjective(one.phase, one.objective.text, one.line)
            for one in experiment.objectives
        ),
        abort=tuple(one.text for one in experiment.abort),
        probing=experiment.probing,
        scraping=experiment.scraping,
        headroom=experiment.headroom,
        scale=experiment.scale,
    )


def to_yaml(experiment: Experiment) -> str:
    """Return the experiment file, every default and `--set` written out; `read` reads it back.

    Times are as the schedule has them, in whole ns.
    """
    return as_yaml(schedule(experiment, "", "", ClockPair(0, 0, ""), 0), experiment.seed.wanted())


def as_yaml(scheduled: Schedule, seed: dict[str, int]) -> str:
    """Return the experiment file of a run with this schedule; what was seeded stands in no schedule."""
    value = {
        "title": scheduled.title,
        "claim": scheduled.claim,
        "why": scheduled.why,
        "cluster": scheduled.cluster,
        "seed": seed,
        "load": [_load(one) for one in scheduled.loads],
        "phases": {one.name: _seconds(one.start, one.end) for one in scheduled.phases},
        "faults": [_fault(one, scheduled) for one in scheduled.faults],
        "abort": list(scheduled.abort),
        "slos": _slos(scheduled),
        "probing": _probing(scheduled.probing),
        "scraping": _scraping(scheduled.scraping),
        "headroom": scheduled.headroom,
    }
    scaled = f"{SCALED}{scheduled.scale:g} is in these rates and seeds.\n"
    return (scaled if scheduled.scale != 1 else "") + dump(value)


def _slos(scheduled: Schedule) -> dict[str, list[str]]:
    slos: dict[str, list[str]] = {}
    for one in scheduled.objectives:
        slos.setdefault(one.phase, []).append(one.text)
    return slos


def _load(load: ScheduledLoad) -> dict[str, Any]:
    return {
        "profile": load.profile,
        "as": load.name,
        **write_arrivals(load.arrivals),
        "phases": list(load.phases),
        "processes": load.processes,
        **_workers(load.workers),
        "with": load.parameters,
    }


def _workers(workers: RemoteWorkers | None) -> dict[str, Any]:
    if workers is None:
        return {}
    wait = format_duration(workers.max_wait_s)
    return {"workers": {"expect": workers.expect, "bind": workers.bind, "max_wait": wait}}


def _fault(fault: ScheduledFault, scheduled: Schedule) -> dict[str, Any]:
    begins = {one.name: one.start for one in scheduled.phases}
    times = {
        "phase": fault.phase,
        "at": _seconds(begins.get(fault.phase, scheduled.start), fault.inject),
        "for": _seconds(fault.inject, fault.undo),
    }
    if fault.name == ACTIVITY:
        return {**fault.arguments, **times}
    return {fault.name: fault.arguments, **times}


def _probing(probing: Probing) -> dict[str, Any]:
    rates = {
        "fresh": probing.fresh_rate,
        "kept": probing.kept_rate,
        "apiserver": probing.apiserver_rate,
        "victim": probing.victim_rate,
        "stale": probing.stale_rate,
    }
    return {
        "deadline": format_duration(probing.deadline_s),
        "rates": {name: format_rate(rate) for name, rate in rates.items()},
    }


def _scraping(scraping: Scraping) -> dict[str, str]:
    periods = {
        "apiserver": scraping.apiserver_s,
        "etcd": scraping.etcd_s,
        "controllers": scraping.controllers_s,
        "resources": scraping.resources_s,
    }
    return {name: format_duration(seconds) for name, seconds in periods.items()}


def _seconds(start: int, end: int) -> str:
    return format_duration((end - start) / SECOND)
