"""Judge: whether the emergency plan was executed and verified while its fault was in force."""

from collections.abc import Iterator

from kubedrill.clock import SECOND
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.faults import PUNCTUAL
from kubedrill.record.emergency import PlanEvent, PlanLine, ScheduledStep
from kubedrill.record.verdict import PlanStepResult, Verdict

StepTold = dict[PlanEvent, PlanLine]
"""What was told of a step, by event."""


def plan_results(evidence: Evidence) -> Iterator[PlanStepResult]:
    """Yield what became of each step: FAIL where the plan failed, INVALID where nobody knows."""
    told: dict[str, StepTold] = {step.name: {} for step in evidence.schedule.plan}
    for line in evidence.plan.lines:
        told[line.step][line.event] = line
    failed = ""
    for step in evidence.schedule.plan:
        lines = told[step.name]
        verdict, reason = _judged(step, lines, evidence, failed)
        failed = failed or (step.name if verdict is Verdict.FAIL else "")
        yield PlanStepResult(
            name=step.name,
            does=step.does,
            within_s=step.within_s,
            begun_at=_at(lines, "begun"),
            executed_at=_at(lines, "executed"),
            verified_at=_at(lines, "verified"),
            proof="; ".join(
                lines[event].words for event in ("executed", "verified") if event in lines
            ),
            verdict=verdict,
            reason=reason,
        )


def _judged(
    step: ScheduledStep, lines: StepTold, evidence: Evidence, failed: str
) -> tuple[Verdict, str]:
    """Return the verdict on a step, and why; `failed` is the step before it that had failed, if any."""
    if evidence.plan.doubt:
        return Verdict.INVALID, evidence.plan.doubt
    if "failed" in lines:
        return Verdict.FAIL, lines["failed"].words
    if "begun" not in lines:
        if failed:
            return Verdict.FAIL, f"was not executed, since {failed} had failed"
        return Verdict.INVALID, "nobody has begun to execute it"
    last: PlanEvent = "verified" if step.verify else "executed"
    if last not in lines:
        return Verdict.INVALID, f"nobody knows whether it was {last}"
    return _in_time(step, lines["begun"].time, lines[last].time, evidence)


def _in_time(step: ScheduledStep, begun: int, done: int, evidence: Evidence) -> tuple[Verdict, str]:
    """Return the verdict on a step that was done: within its time, and while its fault was in force."""
    fault = evidence.faults[evidence.schedule.planned_against]
    proven, undoing = fault.at("took-effect"), fault.at("undoing")
    if proven is None or begun < proven:
        return Verdict.INVALID, "was begun before its fault was proven to be in force"
    if undoing is not None and done >= undoing:
        return Verdict.FAIL, "was done only when its fault was being undone"
    if done - begun > round(step.within_s * SECOND) + PUNCTUAL:
        return Verdict.FAIL, f"took {(done - begun) / SECOND:.1f} s; {step.within_s:g} s were given"
    return Verdict.PASS, ""


def _at(lines: StepTold, event: PlanEvent) -> int | None:
    return lines[event].time if event in lines else None


def reasons(results: list[PlanStepResult], verdict: Verdict) -> list[str]:
    """Return why the plan is no PASS, by the steps of one verdict."""
    return [f"plan: {step.name}: {step.reason}" for step in results if step.verdict is verdict]
