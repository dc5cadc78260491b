"""Judge: from a run's files to its verdict; the same whenever and wherever it is asked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import yaml

from kubedrill.clock import SECOND
from kubedrill.judge import emergency, validity
from kubedrill.judge.availability import availability
from kubedrill.judge.bounding import bounds
from kubedrill.judge.break_glass import break_glass
from kubedrill.judge.budget import budget
from kubedrill.judge.cost import harness_cost
from kubedrill.judge.elections import elections
from kubedrill.judge.ending import Ending, read_ending
from kubedrill.judge.evidence import Evidence, seeded
from kubedrill.judge.fault_times import fault_result, unhealthy
from kubedrill.judge.headroom import NO_HEADROOM, headroom, lacking, withheld
from kubedrill.judge.loads import load_results
from kubedrill.judge.objectives import evaluate
from kubedrill.judge.server import resources, server_latency
from kubedrill.judge.step_times import step_times
from kubedrill.record.faults import FaultEvent
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.lines import recorded
from kubedrill.record.schedule import Phase, Schedule, ScheduledObjective
from kubedrill.record.timeline import DrillStarted, Event, PhaseBegan
from kubedrill.record.verdict import (
    ObjectiveResult,
    PhaseTimes,
    PlanStepResult,
    Report,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Other:
    """Objectives that a run is judged by instead of its experiment's own."""

    source: str
    """Where they are from."""
    read: Callable[[Sequence[str], Sequence[str]], tuple[ScheduledObjective, ...]]
    """Returns them, given the names of the run's phases and those of its loads' series; NotStarted if
    they name any other."""

    def instead(self, evidence: Evidence) -> Evidence:
        """Return the evidence with these objectives in its schedule."""
        phases = [phase.name for phase in evidence.schedule.phases]
        series = [name for load in evidence.loads for name in load.names]
        schedule = replace(evidence.schedule, objectives=self.read(phases, series))
        return replace(evidence, schedule=schedule)

    @property
    def note(self) -> str:
        """What a report says of them."""
        return f"judged by the objectives of {self.source}, not by the experiment's own"


def of_files(folder: RunFolder, schedule: Schedule | None, other: Other | None = None) -> Report:
    """Judge a run from its files, whatever its manifest says; by `other` objectives if they are given.

    BadEvidence if a file is missing or wrong on which the whole drill rests: also the schedule, if it
    could not be read before. NotStarted if the other objectives are none.
    """
    events, ending = read_ending(folder)
    Ledger(folder.ledger).check(may_be_cut=ending.killed)
    begun = any(isinstance(event, PhaseBegan) for event in events)
    if not begun and not folder.schedule.exists():
        return unfounded(folder, [ending.words, "no phase began"])
    evidence = Evidence.read(folder, events, ending, schedule)
    if other is None:
        return _judge(evidence)
    report = _judge(other.instead(evidence))
    return report.model_copy(update={"notes": [other.note, *report.notes]})


def _judge(evidence: Evidence) -> Report:
    schedule = evidence.schedule
    judged = {phase.name for phase in validity.judged_phases(evidence)}
    doubts = {
        phase.name: list(validity.of_phase(evidence, phase)) if phase.name in judged else []
        for phase in schedule.phases
    }
    full = {
        phase.name: lacking(evidence, phase) for phase in schedule.phases if phase.name in judged
    }
    objectives = [*_objectives(evidence, doubts, full)]
    plan = list(emergency.plan_results(evidence))
    broken = [*validity.of_drill(evidence), *_unknown(plan, evidence.ending)]
    verdict, reasons = _decide(evidence.ending, broken, doubts, objectives, full, plan=plan)
    unwell = unhealthy(evidence)
    phases = [phase for phase in schedule.phases if phase.start < evidence.ending.time]
    # Of a phase that was not finished, no more was offered than was due until then.
    played = [replace(phase, end=min(phase.end, evidence.ending.time)) for phase in phases]
    metrics, reaction_s = evidence.metrics, _reaction_s(evidence, "undoing")
    return Report(
        experiment=schedule.experiment,
        run=schedule.run,
        title=schedule.title,
        why=schedule.why,
        claim=schedule.claim,
        verdict=verdict,
        reasons=reasons,
        labels=_started(evidence.events).labels,
        aborted=evidence.ending.condition,
        abort_reaction_s=reaction_s,
        abort_undone_s=_reaction_s(evidence, "undone"),
        phases=[_times(schedule, phase) for phase in phases],
        objectives=objectives,
        load=[
            row for load in evidence.loads for phase in played for row in load_results(load, phase)
        ],
        faults=[fault_result(fault, evidence, unwell) for fault in evidence.faults],
        plan=plan,
        availability=[row for phase in phases for row in availability(evidence.probes, phase)],
        budget=[row for phase in phases for row in budget(evidence.probes, phase)],
        server_latency=[row for phase in phases for row in server_latency(metrics, phase)],
        resources=[row for phase in phases for row in resources(metrics, phase)],
        harness=[harness_cost(evidence, phase) for phase in phases],
        elections=[elections(metrics, evidence.faults, phase) for phase in phases],
        break_glass=[break_glass(evidence.probes, phase) for phase in phases],
        headroom=[headroom(evidence, phase) for phase in phases],
        violations=list(evidence.audit.checked.violations),
        collateral=list(evidence.collateral.changes),
        scale_out=[row for phase in phases for row in step_times(evidence.coming, phase)],
        bounds=[row for phase in phases for row in bounds(evidence, phase)],
        agents=[row for phase in phases for row in evidence.asked.most(phase)],
        settings=_settings(evidence),
        notes=[*_notes(evidence, reaction_s)],
    )


def _objectives(
    evidence: Evidence, doubts: Mapping[str, list[str]], full: Mapping[str, str]
) -> Iterator[ObjectiveResult]:
    """Yield what became of each objective; of one whose phase the machine was too full for, no value."""
    for objective in evidence.schedule.objectives:
        result = evaluate(evidence, objective, doubts[objective.phase])
        yield withheld(result) if full[objective.phase] else result


def _notes(evidence: Evidence, reaction_s: float | None) -> Iterator[str]:
    """Yield what a reader should know, though it decides nothing."""
    yield from evidence.machine.notes()
    yield from evidence.metrics.told.notes()
    if reaction_s is not None:
        sample = f"the sample with which {evidence.ending.condition} had held"
        yield f"the last undo began {reaction_s:.2f} s after {sample}"
    yield from evidence.audit.notes()
    for scrape in evidence.metrics.scrapes:
        if not scrape.kept:
            yield f"not read: {scrape.error}"


def _reaction_s(evidence: Evidence, event: FaultEvent) -> float | None:
    """Return the time from the sample with which an abort condition had held to the last such event.

    Of what was in force then: `undoing`, `undone`. In seconds; None if the drill was not aborted, or
    nothing was in force. Where the sample was not noted, from when the condition was seen to hold.
    """
    ending = evidence.ending
    since = ending.time if ending.sample is None else ending.sample
    in_force = (fault for fault in evidence.faults if (fault.at("undoing") or 0) >= ending.time)
    times = [fault.at(event) for fault in in_force]
    told = [time for time in times if time is not None]
    if not ending.condition or not told or len(told) < len(times):
        return None
    return (max(told) - since) / SECOND


def _unknown(plan: list[PlanStepResult], ending: Ending) -> list[str]:
    """Return of which steps nobody knows whether they worked; what was ended early need not have them."""
    return emergency.reasons(plan, Verdict.INVALID) if ending.how == "ended" else []


def _decide(
    ending: Ending,
    broken: list[str],
    doubts: dict[str, list[str]],
    objectives: list[ObjectiveResult],
    full: dict[str, str],
    *,
    plan: list[PlanStepResult],
) -> tuple[Verdict, list[str]]:
    """Return the verdict and its reasons: INVALID before FAIL before PASS, every reason kept."""
    missed = [objective for objective in objectives if objective.verdict is Verdict.FAIL]
    unknown = [objective for objective in objectives if objective.verdict is Verdict.INVALID]
    about_phases = [f"{name}: {doubt}" for name, found in doubts.items() for doubt in found]
    about_phases += [f"{name}: {words}" for name, words in full.items() if words]
    about_objectives = [
        f"{objective.phase}: {objective.text}: {objective.reason}"
        for objective in (*unknown, *missed)
        # What makes a whole phase invalid is said once, not for each of its objectives.
        if objective.verdict is Verdict.FAIL
        or not (doubts[objective.phase] or objective.reason == NO_HEADROOM)
    ]
    failed = emergency.reasons(plan, Verdict.FAIL)
    reasons = [*broken, *failed, *about_phases, *about_objectives]
    if ending.how == "aborted":
        # That the condition held is what the drill found out; it was not carried on, so phases lack.
        return (Verdict.INVALID if broken else Verdict.FAIL), [ending.words, *reasons]
    if broken or about_phases or unknown:
        return Verdict.INVALID, reasons
    return (Verdict.FAIL if missed or failed else Verdict.PASS), reasons


def _times(schedule: Schedule, phase: Phase) -> PhaseTimes:
    date = datetime.fromtimestamp(schedule.clock.to_wall(phase.start) / 1e9, UTC)
    return PhaseTimes(
        name=phase.name,
        start=phase.start,
        end=phase.end,
        date=date.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )


def _settings(evidence: Evidence) -> dict[str, Any]:
    """Return what a reader needs to run the same drill again elsewhere."""
    schedule, cluster = evidence.schedule, evidence.cluster
    started = _started(evidence.events)
    return {
        "versions": {**started.versions, **cluster.versions},
        "cluster": {
            "name": cluster.name,
            "provider": cluster.provider,
            "zoning": cluster.zoning,
            "zones": list(cluster.zones),
            **cluster.settings,
        },
        "loads": {
            load.name: {
                "profile": load.profile,
                "rate": load.arrivals.in_words(),
                **load.parameters,
            }
            for load in schedule.loads
        },
        "seeded": seeded(evidence.events),
        "prober": recorded(schedule.probing),
        "scraper": recorded(schedule.scraping),
        "headroom": schedule.headroom,
        "scale": schedule.scale,
        "host": started.host,
        "machine": evidence.machine.settings(),
    }


def _started(events: list[Event]) -> DrillStarted:
    return next(
        (event for event in events if isinstance(event, DrillStarted)), DrillStarted(time=0)
    )


def unfounded(folder: RunFolder, reasons: list[str]) -> Report:
    """Return the verdict of a drill that never began, or of which what all rests on is bad."""
    written = _written(folder)
    claim = written.get("claim")
    return Report(
        experiment=folder.path.parent.name,
        run=folder.run,
        title=str(written.get("title", "")),
        why=str(written.get("why", "")),
        claim=claim if type(claim) is int else None,
        verdict=Verdict.INVALID,
        reasons=reasons,
        phases=[],
        objectives=[],
        load=[],
        faults=[],
        availability=[],
        server_latency=[],
        resources=[],
        harness=[],
        settings={},
    )


def _written(folder: RunFolder) -> dict[str, Any]:
    """Return what the experiment's file says, as far as it can be read."""
    if folder.experiment_yaml.is_symlink() or not folder.experiment_yaml.is_file():
        return {}
    try:
        read = yaml.safe_load(folder.experiment_yaml.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return read if isinstance(read, dict) else {}
