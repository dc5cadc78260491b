"""Report: what became of the emergency plan, step by step."""

from collections.abc import Iterator

from kubedrill.clock import SECOND
from kubedrill.record.verdict import PlanStepResult, Report, Verdict
from kubedrill.report import figures
from kubedrill.report.table import Cell, Table, table, verdict_cell


def lines(report: Report) -> Iterator[str]:
    """Yield a line a step."""
    for step in report.plan:
        if step.verdict is not Verdict.PASS:
            yield f"{step.name} {step.verdict.value}: {step.reason}"
            continue
        how, at = "executed", step.executed_at
        if step.verified_at is not None:
            how, at = "executed and verified", step.verified_at
        yield f"{step.name} {how} after {_after(step, at)}: {step.proof}"


def steps(report: Report) -> Table:
    """Return every step: what was to be done, within which time, and when it was."""
    rows = (
        (
            Cell(step.name, notes=(step.does, *filter(None, (step.proof, step.reason)))),
            figures.seconds(step.within_s),
            _after(step, step.executed_at),
            _after(step, step.verified_at),
            verdict_cell(step.verdict),
        )
        for step in report.plan
    )
    columns = ("Step", "Given", "Executed after", "Verified after", "Verdict")
    caption = "The emergency plan, executed while the first fault was in force"
    return table(caption, columns, [("", rows)], (1, 2, 3))


def _after(step: PlanStepResult, time: int | None) -> str:
    """Return how long after its begin something of a step was."""
    if step.begun_at is None or time is None:
        return figures.NOTHING
    return figures.seconds((time - step.begun_at) / SECOND)
