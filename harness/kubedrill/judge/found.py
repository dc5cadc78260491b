"""Judge: what a file of a run says, or why it says nothing: one bad file takes nothing from the others."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence, Timed, ascending, read_lines

Kind_co = TypeVar("Kind_co", covariant=True)
Line = TypeVar("Line")
Look = TypeVar("Look", bound=Timed)


@dataclass(frozen=True, slots=True)
class Found(Generic[Kind_co]):
    """The lines of a file; none of them, and `doubt` in words, if it is missing or a line is wrong."""

    lines: Sequence[Kind_co] = ()
    doubt: str = ""


def looks(folder: RunFolder, path: Path, kind: type[Look], *, may_be_cut: bool) -> Found[Look]:
    """Read a file of a run that has a line a look, in the order of time."""
    return found(folder, lambda: ascending(path, read_lines(path, kind, may_be_cut=may_be_cut)))


def found(folder: RunFolder, read: Callable[[], Iterable[Line]]) -> Found[Line]:
    """Read a file of a run whole."""
    try:
        return Found(tuple(read()))
    except BadEvidence as bad:
        return Found((), bad.within(folder.path))
