"""Judge: who measures what: one measurer for each source of series, in a file of `measurers/`.

To add one: a file there, with a function marked `@measures("its source")`, and `declare` for each series
that nobody has named before.
"""

from collections.abc import Callable
from typing import Protocol

from kubedrill.judge.evidence import Evidence
from kubedrill.judge.measured import Measured
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase

__all__ = ["MEASURERS", "Measured", "Measurer", "measures"]


class Measurer(Protocol):
    """Measures the series of one source."""

    def __call__(self, evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
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
