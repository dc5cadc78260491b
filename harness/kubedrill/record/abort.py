"""The grammar of abort conditions, which are watched while a drill runs.

abort = comparison " for " duration, with the comparison of an objective
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from kubedrill.reading.units import format_duration
from kubedrill.record.live_series import AVAILABILITY, HEALTHY, check_is_live
from kubedrill.record.objective import (
    Objective,
    ObjectiveError,
    holds,
    read_comparison,
    split_duration,
)


@dataclass(frozen=True, slots=True)
class AbortCondition:
    """A drill is aborted when `objective`, a condition, has held for `for_s` seconds."""

    text: str
    objective: Objective
    for_s: float


def parse_abort(text: str) -> AbortCondition:
    """Read an abort condition, `availability < 50% for 30s`; ObjectiveError if it is none."""
    lacking = "does not say for how long; write: ... for 30s"
    inner, for_s, _ = split_duration(text, "for", lacking)
    return AbortCondition(text.strip(), read_comparison(inner), for_s)


def check_abort(
    condition: AbortCondition, known_loads: Iterable[str], drill_s: float = math.inf
) -> None:
    """Raise ObjectiveError unless the condition can be watched, and met, while the drill runs."""
    check_is_live(condition.objective, known_loads, "end a drill")
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
    well, worst, operator, words = _EXTREMES.get(objective.series, _MORE_IS_WORSE)
    if objective.statistic == "error_rate":
        worst = 1.0
    if holds(objective, well):
        raise ObjectiveError(
            f'"{condition.text}" would end a drill in which all is well; write {operator}'
        )
    if not holds(objective, worst):
        raise ObjectiveError(f'"{condition.text}" is not so even where {words}; write {operator}')


_MORE_IS_WORSE = (0.0, math.inf, ">", "all is as bad as can be")
_EXTREMES = {
    **dict.fromkeys(AVAILABILITY, (1.0, 0.0, "<", "nothing is answered")),
    HEALTHY: (math.inf, 0.0, "<", "no member is healthy"),
}
"""The value of a series where all is well, the worst there is, and how a condition on it is written."""
