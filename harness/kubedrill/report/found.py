"""Report: what was found that must not be, violations and collateral changes, in tables and lines."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from kubedrill.record.verdict import CollateralChange, Report, Violation
from kubedrill.report import figures
from kubedrill.report.table import Cell, Table, table
from kubedrill.words import counted

Row = tuple[str | Cell, ...]
Found = TypeVar("Found")

SHOWN = 50
"""More violations than this are counted; all of them stand in verdict.json."""


def violations(report: Report) -> Table:
    """Return each violation: when, of which key, who was told what, and where that stands."""
    start = report.phases[0].start if report.phases else 0

    def row(violation: Violation) -> Row:
        lines = ", ".join(map(str, violation.lines))
        words = Cell(violation.words, notes=(f"audit.jsonl, lines {lines}",))
        when = figures.offset(violation.time, start)
        return (Cell(violation.kind, "bad"), when, Cell(violation.key, "code"), words)

    columns = ("Violation", "At", "Key", "What contradicts what")
    return table("What the auditor found", columns, [("", _rows(report.violations, row))])


def collateral(report: Report) -> Table:
    """Return each change that no fault announces: when, of what, in words."""
    start = report.phases[0].start if report.phases else 0

    def row(change: CollateralChange) -> Row:
        when = figures.offset(change.time, start)
        return (Cell(change.kind, "bad"), when, Cell(change.what, "code"), change.words)

    columns = ("Change", "At", "Of", "What no fault announces")
    return table("What changed besides", columns, [("", _rows(report.collateral, row))])


def _rows(found: Sequence[Found], row: Callable[[Found], Row]) -> Iterator[Row]:
    """Yield a row each, but no more than a reader goes through."""
    yield from map(row, found[:SHOWN])
    if (more := len(found) - SHOWN) > 0:
        yield (f"and {more:,} more", "", "", "in verdict.json")


def collateral_line(report: Report) -> str:
    """Return how much changed besides, and the first of it; empty if nothing did."""
    if not report.collateral:
        return ""
    changes = counted(len(report.collateral), "change")
    return f"{changes} that no fault announces; the first: {report.collateral[0].words}"


def violation_line(report: Report) -> str:
    """Return how many violations there are, and the first of them; empty if there is none."""
    if not report.violations:
        return ""
    first = report.violations[0]
    found = counted(len(report.violations), "violation")
    return f"{found}; the first: {first.kind}: {first.words}"
