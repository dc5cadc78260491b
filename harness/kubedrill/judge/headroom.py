"""Judge: whether the machine kept some of its CPU free, where that decides about latency."""

import math

from kubedrill.judge.evidence import Evidence
from kubedrill.record.objective import Objective, parse
from kubedrill.record.schedule import FREE_SHARE, Phase
from kubedrill.record.series import find_series
from kubedrill.record.verdict import Headroom, ObjectiveResult, Verdict

NO_HEADROOM = "no headroom in this phase"
MARGIN = 0.9
"""Of the scale that would fit if all that a drill uses became less with its rates: probes do not."""


def headroom(evidence: Evidence, phase: Phase) -> Headroom:
    """Return what was left of the machine's CPU in a phase, and whether that had to be a quarter."""
    free = evidence.machine.free(phase)
    return Headroom(phase=phase.name, free_share=free, required=_is_required(evidence, phase))


def lacking(evidence: Evidence, phase: Phase) -> str:
    """Return why a phase had no headroom, and what would fit; empty if it had, or needed none."""
    found = headroom(evidence, phase)
    if not found.required or found.free_share is None or found.free_share >= FREE_SHARE:
        return ""
    quota = evidence.machine.quota(phase)
    whole = "the CPU" if quota is None else f"the quota of {quota:g} cores"
    return (
        f"machine: no headroom: {found.free_share:.0%} of {whole} was free, {FREE_SHARE:.0%} must be where "
        f"latency or availability is judged; {_cure(evidence, phase, 1 - found.free_share)}"
    )


def withheld(result: ObjectiveResult) -> ObjectiveResult:
    """Return an objective as INVALID about which a machine without headroom says nothing."""
    if result.verdict is not Verdict.INVALID and needs_headroom(parse(result.text)):
        return result.model_copy(update={"verdict": Verdict.INVALID, "reason": NO_HEADROOM})
    return result


def needs_headroom(objective: Objective) -> bool:
    """Whether a machine that is full would be measured instead: latencies, failures, availability."""
    series = find_series(objective.series, [])
    if series is None or series.kind == "requests":  # what is no built-in series is a load's
        return objective.unit == "s" or objective.statistic in {"failed", "error_rate"}
    return series.kind in {"availability", "fault"} or (
        series.kind == "histogram" and objective.unit == "s"
    )


def _is_required(evidence: Evidence, phase: Phase) -> bool:
    schedule = evidence.schedule
    if schedule.headroom == "none" or evidence.machine.shared:
        return False
    if any(_is_in_force(fault.inject, fault.undo, phase) for fault in schedule.faults):
        return False
    asked = [
        parse(objective.text) for objective in schedule.objectives if objective.phase == phase.name
    ]
    return any(needs_headroom(objective) for objective in asked)


def _is_in_force(inject: int, undo: int, phase: Phase) -> bool:
    return inject < phase.end and undo > phase.start


def _cure(evidence: Evidence, phase: Phase, used: float) -> str:
    pressing = [load for load in evidence.loads if load.scheduled.presses(phase.name)]
    if not pressing:
        return "nothing pressed, so probe less (--set probing.rates.fresh=5/s), or leave it the machine"
    scale = evidence.schedule.scale * MARGIN * (1 - FREE_SHARE) / used
    fits = max(math.floor(scale * 20) / 20, 0.05)
    return f"--scale {fits:g} would fit, or headroom: none if its limit is sought"
