"""Judge: what a file of a run says, or why it says nothing: one bad file takes nothing from the others."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence

Kind_co = TypeVar("Kind_co", covariant=True)
Line = TypeVar("Line")


@dataclass(frozen=True, slots=True)
class Found(Generic[Kind_co]):
    """The lines of a file; none of them, and `doubt` in words, if it is missing or a line is wrong."""

    lines: Sequence[Kind_co] = ()
    doubt: str = ""


def found(folder: RunFolder, read: Callable[[], Iterable[Line]]) -> Found[Line]:
    """Read a file of a run whole."""
    try:
        return Found(tuple(read()))
    except BadEvidence as bad:
        return Found((), bad.within(folder.path))
