"""Judge: who measures what: one measurer for each source of series, in a file of `measurers/`.

To add one: a file there, with a function marked `@measures("its source")`, and `declare` for each series
that nobody has named before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase

if TYPE_CHECKING:
    from kubedrill.judge.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Measured:
    """A value in the series' base unit, or why there is none."""

    value: float | None
    reason: str = ""
    valid: bool = True
    """Whether it says anything. A valid one with a reason did not hold, whatever was asked."""
    most: float | None = None
    """What it is at most, where `value` is only what it is at least."""
    note: str = ""
    """What is to be said beside it if it did not hold."""

    @classmethod
    def unknown(cls, reason: str) -> "Measured":
        """Return that nothing can be said of it, and why."""
        return cls(None, reason, valid=False)

    @classmethod
    def sample(cls, value: float | None) -> "Measured":
        """Return a value; unknown where nothing was asked in the phase."""
        return cls(value) if value is not None else cls.unknown("no sample in this phase")


class Measurer(Protocol):
    """Measures the series of one source."""

    def __call__(self, evidence: "Evidence", objective: Objective, phase: Phase) -> Measured:
        """Return the value that an objective asks for in a phase.

        Whatever it raises makes the objective INVALID, and is told in a line.
        """
        ...


MEASURERS: dict[str, Measurer] = {}
"""By the source of the series."""


def measures(source: str) -> Callable[[Measurer], Measurer]:
    """Register the measurer of a source; ValueError if it has one."""

    def register(measurer: Measurer) -> Measurer:
        if source in MEASURERS:
            raise ValueError(f"{source} has a measurer already")
        MEASURERS[source] = measurer
        return measurer

    return register
