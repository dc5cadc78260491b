"""Judge: each objective against what was measured."""

import math

import numpy as np

from kubedrill.judge import measurers  # noqa: F401 - they register themselves
from kubedrill.judge.evidence import Evidence, seeded
from kubedrill.judge.measuring import MEASURERS, Measured
from kubedrill.reading.units import show, show_as
from kubedrill.record.lines import BadEvidence
from kubedrill.record.objective import (
    OFFERED,
    OPERATORS,
    SEEDED,
    Objective,
    absolute,
    base_load,
    holds_between,
    parse,
)
from kubedrill.record.schedule import Phase, ScheduledObjective
from kubedrill.record.series import unread
from kubedrill.record.verdict import ObjectiveResult, Verdict
from kubedrill.record.wording import words
from kubedrill.words import in_a_line


def evaluate(
    evidence: Evidence, scheduled: ScheduledObjective, doubts: list[str]
) -> ObjectiveResult:
    """Return an objective's value and verdict; `doubts`: why its phase cannot be trusted."""
    written, phase = parse(scheduled.text), evidence.schedule.phase(scheduled.phase)
    try:
        objective, measured = _measure_asked(evidence, written, phase)
    except BadEvidence as bad:
        objective, measured = written, Measured.unknown(bad.within(evidence.folder.path))
    except Exception as error:  # noqa: BLE001 - a measurer's own fault costs its objective, nothing else
        objective, measured = written, Measured.unknown(f"was not measured: {in_a_line(error)}")
    verdict, reason = _decide(objective, measured, doubts)
    return ObjectiveResult(
        phase=phase.name,
        text=objective.text,
        words=words(written, phase.name),
        value=measured.value,
        unit=objective.unit,
        threshold=objective.threshold,
        operator=objective.operator,
        at_least=measured.most is not None,
        most=None if measured.most is None or math.isinf(measured.most) else measured.most,
        verdict=verdict,
        reason=reason,
    )


def _measure_asked(
    evidence: Evidence, objective: Objective, phase: Phase
) -> tuple[Objective, Measured]:
    """Return the objective with what its share amounts to, where it has one, and what was measured."""
    if objective.share_of is not None:
        known = _base(evidence, objective, phase)
        if known is None:
            words = f"nobody knows how much {objective.share_of} was"
            return objective, Measured.unknown(words)
        objective = absolute(objective, known)
    return objective, measure(evidence, objective, phase)


def _base(evidence: Evidence, objective: Objective, phase: Phase) -> float | None:
    """Return what an objective's share is of, in the unit of its series; None if nobody knows."""
    if objective.share_of == SEEDED:
        count = seeded(evidence.events).get(objective.series.partition(".")[2])
        return None if count is None else float(count)
    name = base_load(objective)
    load = next((load for load in evidence.loads if load.scheduled.name == name), None)
    if load is None:
        return None
    if objective.share_of != OFFERED:
        return float(np.searchsorted(load.dues, phase.end))
    offered = float(load.due_in(phase))
    return offered / phase.seconds if objective.statistic == "rate" else offered


def measure(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return the value that an objective asks for, in its base unit; or in words why there is none."""
    series = evidence.series(objective.series)
    if series is None or series.source not in MEASURERS:
        return Measured.unknown(f"nothing measures {objective.series}{unread()}")
    return MEASURERS[series.source](evidence, objective, phase)


def _decide(objective: Objective, measured: Measured, doubts: list[str]) -> tuple[Verdict, str]:
    if not measured.valid:
        return Verdict.INVALID, measured.reason
    if doubts:
        return Verdict.INVALID, f"the phase is not valid: {'; '.join(doubts)}"
    if measured.reason:
        return Verdict.FAIL, measured.reason
    assert measured.value is not None
    most = measured.value if measured.most is None else measured.most
    held = holds_between(objective, measured.value, most)
    if held is None:
        return Verdict.INVALID, f"only known to be {_known(objective, measured)}; {measured.note}"
    if held:
        return Verdict.PASS, ""
    asked = show_as(objective.threshold, objective.written_unit)
    missed = f"{_known(objective, measured)} is not {OPERATORS[objective.operator][1]} {asked}"
    return Verdict.FAIL, "; ".join(part for part in (missed, measured.note) if part)


def _known(objective: Objective, measured: Measured) -> str:
    """Return what is known of a value: `0.2s`, `at least 0.2s`, `0.2s to 0.4s`."""
    assert measured.value is not None
    least = show(measured.value, objective.unit)
    if measured.most is None:
        return least
    if math.isinf(measured.most):
        return f"at least {least}"
    return f"{least} to {show(measured.most, objective.unit)}"
