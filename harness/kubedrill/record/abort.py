"""The grammar of abort conditions, which are watched while a drill runs.

abort = comparison " for " duration, with the comparison of an objective
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from kubedrill.reading.units import format_duration
from kubedrill.record.metric import METRICS
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

AVAILABILITY = ("availability", "availability.reads", "availability.writes")
HEALTHY = "etcd.healthy_members"
OF_LOADS = ("p99", "error_rate")
"""What is known of each load while it presses: of its arrivals in the last five seconds that are settled."""
RSS = {name: metric.component for name, metric in METRICS.items() if metric.source == "memory"}
"""By series of memory, the kind of component whose largest it is."""
FSYNC = "etcd.fsync.p99"
NOT_READY = "nodes.not_ready"
ABORT_SERIES = (*AVAILABILITY, HEALTHY, FSYNC, *RSS, NOT_READY)
"""What the live figures hold at any moment, beside the loads'; the rest is known only after the drill."""
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
    loads = [*known_loads]
    check(condition.objective, loads)
    objective = condition.objective
    watched = objective.series in loads and "." not in objective.series
    # The extremes of a gauge are of a phase, and a drill is ended by what is now.
    known = objective.statistic in OF_LOADS if watched else spelled_as(objective) in ABORT_SERIES
    if not known or objective.share_of:
        raise ObjectiveError(
            f"{spelled_as(objective)} cannot end a drill; what is watched while it runs: "
            f"{', '.join(ABORT_SERIES)}, and {' and '.join(OF_LOADS)} of each load"
        )
    _check_can_end(condition, drill_s)


def spelled_as(objective: Objective) -> str:
    """Return what stands left of an objective's operator."""
    return ".".join(filter(None, (objective.series, objective.statistic)))


def guards(conditions: Iterable[str], series: str) -> bool:
    """Whether one of these conditions is on a series, spelled with its statistic."""
    return any(spelled_as(parse_abort(text).objective) == series for text in conditions)


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
