"""Which values a series can have at all: an objective that all of them meet, or none, says nothing."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from kubedrill.reading.units import show
from kubedrill.record.objective import (
    Objective,
    ObjectiveError,
    as_written,
    counts_others,
    holds_between,
)
from kubedrill.record.scale_out import SCALE_OUT
from kubedrill.record.series import Series, find_series

MOST_CORES = 1024
"""CPU of one component: beyond any machine that a control plane runs on."""
MOST_BYTES = 64e12
"""Of memory or of a database, and a second on a wire: beyond any machine."""
MOST_A_SECOND = 1e6
"""Of whatever one control plane does: requests, pages, elections."""
MOST_OBJECTS = 1e9
SHORTEST_S = 1e-9
"""No request is answered at once: all times are counted in ns."""
_OF_MEMBERS = ("etcd.healthy_members", "etcd.leaders")


@dataclass(frozen=True, slots=True)
class Room:
    """What is known of a drill that bounds what can be measured in one of its phases."""

    phase_s: float = math.inf
    rest_s: float = math.inf
    """From the phase's begin until the last answer may have come."""
    drill_s: float = math.inf
    """From the drill's begin until then: what is measured may have begun before the phase."""
    members: float = math.inf
    """Of etcd."""


def check_decides(objective: Objective, loads: Iterable[str], room: Room) -> None:
    """Raise ObjectiveError if whatever is measured meets the objective, or nothing does.

    The objective must have passed `check`; `loads` are the names of the series of the loads.
    """
    series = find_series(objective.series, loads)
    assert series is not None
    least, most = _between(objective, series, room)
    held = holds_between(objective, least, most)
    if held is None:
        return
    what = "fail" if held else "pass"
    bound = "always above 0" if least else "never below 0"
    if objective.threshold >= most:
        bound = f"never above {show(most, objective.unit)}"
    raise ObjectiveError(
        f'"{objective.text}" cannot {what}: {as_written(objective)} is {bound} in this drill'
    )


def _between(objective: Objective, series: Series, room: Room) -> tuple[float, float]:
    """Return the least and the largest value that can be measured, in the objective's unit."""
    if objective.unit == "s":
        return _between_times(series, room)
    most = {
        "ratio": math.inf if counts_others(objective) else 1,
        "bytes": MOST_BYTES,
        "bytes/s": MOST_BYTES,
        "cpu": MOST_CORES,
        "1/s": MOST_A_SECOND,
        "1": MOST_OBJECTS if series.kind == "gauge" else MOST_A_SECOND * room.phase_s,
    }[objective.unit]
    return 0, room.members if series.name in _OF_MEMBERS else most


def _between_times(series: Series, room: Room) -> tuple[float, float]:
    if series.kind == "counter":  # CPU-seconds
        return 0, MOST_CORES * room.phase_s
    if series.source == SCALE_OUT:  # of those that never come
        return 0, math.inf
    if series.kind == "requests" and series.name != "staleness":
        return SHORTEST_S, room.rest_s
    return 0, room.drill_s
