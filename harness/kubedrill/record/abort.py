"""The grammar of abort conditions, which are watched while a drill runs.

abort = comparison " for " duration, with the comparison of an objective
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from kubedrill.reading.units import format_duration
from kubedrill.record.objective import (
    LONGEST,
    Objective,
    ObjectiveError,
    check,
    holds,
    read_comparison,
    read_duration,
)
from kubedrill.words import shown

ABORT_SERIES = ("availability", "availability.reads", "availability.writes")
"""What the live figures hold at any moment; the rest is known only after the drill."""
_FOR = re.compile(r"^(?P<inner>.*?)\s+for\s+(?P<length>\S+)\s*$")


@dataclass(frozen=True, slots=True)
class AbortCondition:
    """A drill is aborted when `objective`, a condition, has held for `for_s` seconds."""

    text: str
    objective: Objective
    for_s: float


def parse_abort(text: str) -> AbortCondition:
    """Read an abort condition, `availability < 50% for 30s`; ObjectiveError if it is none."""
    found = _FOR.match(text[: LONGEST + 1])
    if found is None or len(text) > LONGEST:
        raise ObjectiveError(
            f'"{shown(text)}" does not say for how long; write: ... for 30s', len(text)
        )
    length = read_duration(found["length"], found.start("length"))
    return AbortCondition(text.strip(), read_comparison(found["inner"]), length)


def check_abort(
    condition: AbortCondition, known_loads: Iterable[str], drill_s: float = math.inf
) -> None:
    """Raise ObjectiveError unless the condition can be watched, and met, while the drill runs."""
    check(condition.objective, known_loads)
    if condition.objective.series not in ABORT_SERIES:
        raise ObjectiveError(
            f"{condition.objective.series} cannot end a drill; what is watched while it runs: "
            f"{', '.join(ABORT_SERIES)}"
        )
    _check_can_end(condition, drill_s)


def _check_can_end(condition: AbortCondition, drill_s: float) -> None:
    objective = condition.objective
    if condition.for_s <= 0:
        raise ObjectiveError(f'"{condition.text}" holds at once; say for how long: ... for 30s')
    if condition.for_s >= drill_s:
        length = format_duration(round(drill_s, 9))
        raise ObjectiveError(
            f'"{condition.text}" can end nothing: the whole drill lasts {length}; give it less time'
        )
    if holds(objective, 1.0):
        raise ObjectiveError(f'"{condition.text}" would end a drill in which all is well; write <')
    if not holds(objective, 0.0):
        raise ObjectiveError(
            f'"{condition.text}" is not so even where nothing is answered; write <'
        )
