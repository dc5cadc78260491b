"""Report: a table as the HTML template lays it out. Text only: the template escapes it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from kubedrill.record.verdict import Verdict

Kind = Literal["", "number", "code", "pass", "fail", "invalid", "bad"]


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one cell; `notes` are lines below it, smaller."""

    text: str
    kind: Kind = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under a heading of their own, such as a phase; no heading where `name` is empty."""

    name: str
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One table. The first cell of a row is its heading; columns in `numbers` are aligned right."""

    caption: str
    columns: tuple[str, ...]
    groups: tuple[Group, ...]
    numbers: frozenset[int] = frozenset()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not any(group.rows for group in self.groups)


def text_rows(rows: Iterable[Sequence[str | Cell]]) -> tuple[tuple[Cell, ...], ...]:
    """Return rows of cells, plain strings among them made cells."""
    return tuple(
        tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row) for row in rows
    )


def table(
    caption: str,
    columns: Sequence[str],
    groups: Iterable[tuple[str, Iterable[Sequence[str | Cell]]]],
    numbers: Iterable[int] = (),
) -> Table:
    """Return a table; groups without rows are left out."""
    made = (Group(name, text_rows(rows)) for name, rows in groups)
    full = tuple(group for group in made if group.rows)
    return Table(caption, tuple(columns), full, frozenset(numbers))


def verdict_cell(verdict: Verdict) -> Cell:
    """Return a verdict as a word and a sign: never by colour alone."""
    match verdict:
        case Verdict.PASS:
            return Cell("\u2713 PASS", "pass")
        case Verdict.FAIL:
            return Cell("\u2717 FAIL", "fail")
    return Cell("? INVALID", "invalid")


def bad(text: str, condition: bool) -> Cell:
    """Return a cell that stands out where `condition` holds."""
    return Cell(text, "bad" if condition else "")
