"""Write an experiment down: as the YAML that ran, and as the schedule of one run."""

from typing import Any

from kubedrill.experiment.settled import ACTIVITY, Experiment, Fault
from kubedrill.record.clock import SECOND, ClockPair
from kubedrill.record.rate import write_arrivals
from kubedrill.record.remote import RemoteWorkers
from kubedrill.record.schedule import (
    Phase,
    Schedule,
    ScheduledFault,
    ScheduledLoad,
    ScheduledObjective,
)
from kubedrill.record.units import format_duration, format_rate
from kubedrill.record.yaml_nodes import dump


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
            ScheduledFault(one.name, one.arguments, one.phase, at(one.inject_s), at(one.undo_s))
            for one in experiment.faults
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
    """Return the experiment file, every default and `--set` written out; `read` reads it back."""
    slos: dict[str, list[str]] = {}
    for one in experiment.objectives:
        slos.setdefault(one.phase, []).append(one.objective.text)
    value = {
        "title": experiment.title,
        "claim": experiment.claim,
        "why": experiment.why,
        "cluster": experiment.cluster,
        "seed": experiment.seed.wanted(),
        "load": [_load(one) for one in experiment.loads],
        "phases": {one.name: format_duration(one.seconds) for one in experiment.phases},
        "faults": [_fault(one, experiment) for one in experiment.faults],
        "abort": [one.text for one in experiment.abort],
        "slos": slos,
        "probing": _probing(experiment),
        "scraping": _scraping(experiment),
        "headroom": experiment.headroom,
    }
    scaled = f"# --scale {experiment.scale:g} is in these rates and seeds.\n"
    return (scaled if experiment.scale != 1 else "") + dump(value)


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


def _fault(fault: Fault, experiment: Experiment) -> dict[str, Any]:
    # Sums of seconds carry rounding in their last bits; a nanosecond is far below any of them.
    offset = round(fault.inject_s - experiment.phase_start(fault.phase), 9)
    times = {
        "phase": fault.phase,
        "at": format_duration(offset),
        "for": format_duration(round(fault.undo_s - fault.inject_s, 9)),
    }
    if fault.name == ACTIVITY:
        return {**fault.arguments, **times}
    return {fault.name: fault.arguments, **times}


def _probing(experiment: Experiment) -> dict[str, Any]:
    probing = experiment.probing
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


def _scraping(experiment: Experiment) -> dict[str, str]:
    scraping = experiment.scraping
    periods = {
        "apiserver": scraping.apiserver_s,
        "etcd": scraping.etcd_s,
        "controllers": scraping.controllers_s,
        "resources": scraping.resources_s,
    }
    return {name: format_duration(seconds) for name, seconds in periods.items()}
