"""Judge: what was told of the emergency plan, step by step, in an order that can be."""

from collections.abc import Iterator
from pathlib import Path

from kubedrill.judge.ending import Ending
from kubedrill.judge.found import Found, found
from kubedrill.record.emergency import PlanEvent, PlanLine
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence, ascending, read_lines
from kubedrill.record.schedule import Schedule

_AFTER: dict[PlanEvent, frozenset[PlanEvent]] = {
    "begun": frozenset(),
    "executed": frozenset({"begun"}),
    "verified": frozenset({"begun", "executed"}),
}
"""What must have been told of a step before, all of it and nothing else; it may fail after any of these."""


def read_plan(folder: RunFolder, schedule: Schedule, ending: Ending) -> Found[PlanLine]:
    """Return what was told of the plan, in its order; nothing where there is none."""
    if not schedule.plan:
        return Found()
    return found(folder, lambda: _lines(folder.plan, schedule, ending.killed))


def _lines(path: Path, schedule: Schedule, may_be_cut: bool) -> Iterator[PlanLine]:
    """Yield its lines; BadEvidence where one cannot be, or not in this order."""
    told: dict[str, set[PlanEvent]] = {step.name: set() for step in schedule.plan}
    lines = ascending(path, read_lines(path, PlanLine, may_be_cut=may_be_cut))
    for number, line in enumerate(lines, 1):
        if line.step not in told:
            raise BadEvidence(path, number, "is about a step that the plan has not")
        before = told[line.step]
        wanted = _AFTER.get(line.event, before)
        if before != wanted or "failed" in before:
            raise BadEvidence(path, number, f"{line.step}: cannot be {line.event} now")
        before.add(line.event)
        yield line
