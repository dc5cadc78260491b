"""Judge: by the figures of a running drill, when an abort condition has held for as long as it says."""

import math
from typing import NamedTuple

from kubedrill.clock import SECOND
from kubedrill.judge.now import known_at, value_now
from kubedrill.reading.units import format_duration
from kubedrill.record.abort import AbortCondition, parse_abort
from kubedrill.record.live import LiveFigures
from kubedrill.record.live_series import FSYNC, OF_LOADS, RSS, spelled_as
from kubedrill.record.objective import Objective, holds
from kubedrill.record.schedule import Schedule, allowed_hole

BLIND = 30 * SECOND
"""So long nothing may be known of what a condition is on: nobody would guard the cluster meanwhile."""


class Held(NamedTuple):
    """A condition that has held for as long as it says."""

    condition: str
    sample: int
    """When the sample became known with which it had, monotonic ns."""


class AbortWatch:
    """Tells when an abort condition has held for as long as it says, or cannot be watched."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._conditions = [parse_abort(text) for text in schedule.abort]
        self._loads = {load.name: load for load in schedule.loads}
        self._since: dict[str, int] = {}
        self._blind: dict[str, int] = {}
        """By condition, since when nothing is known of it."""

    def check(self, figures: LiveFigures) -> Held | None:
        """Return a condition that has held long enough, else None."""
        for condition in self._conditions:
            value = _worst(condition.objective, figures)
            if value is None:
                continue  # nothing was due: it is as it was
            if not holds(condition.objective, value):
                self._since.pop(condition.text, None)
                continue
            begun = self._since.setdefault(condition.text, figures.time)
            if figures.time - begun >= condition.for_s * SECOND:
                return Held(condition.text, known_at(condition.objective, figures))
        return None

    def unwatched(self, figures: LiveFigures) -> str:
        """Return in words that nothing has been known of a condition for too long; "" if it has."""
        for condition in self._conditions:
            if not self._is_blind(condition.objective, figures):
                self._blind.pop(condition.text, None)
                continue
            begun = self._blind.setdefault(condition.text, figures.time)
            if figures.time - begun >= BLIND:
                return _words(condition)
        return ""

    def _is_blind(self, objective: Objective, figures: LiveFigures) -> bool:
        """Whether nothing is known of what should be: of a load while something of it is due."""
        if figures.phase is None or not self._is_due(objective, figures):
            return False
        spelled = spelled_as(objective)
        if figures.time - known_at(objective, figures) > self._allowed(spelled):
            return True  # what is known is of before
        # Where nothing was synced, it is known that nothing was.
        idle = spelled == FSYNC and FSYNC in figures.upto
        return _worst(objective, figures) is None and not idle

    def _is_due(self, objective: Objective, figures: LiveFigures) -> bool:
        load = self._loads.get(objective.series)
        if load is None or objective.statistic not in OF_LOADS:
            return True
        if load.arrivals.clients:
            idle = load.arrivals.pause_s * SECOND >= BLIND
            return not idle and load.presses(figures.phase or "")
        return figures.loads[load.name].offered > 0

    def _allowed(self, spelled: str) -> int:
        """Return how old the newest sample of a series may be, ns."""
        scraping = self._schedule.scraping
        every_s = scraping.etcd if spelled == FSYNC else scraping.resources if spelled in RSS else 1
        return allowed_hole(every_s)


def _worst(objective: Objective, figures: LiveFigures) -> float | None:
    """Return what is known of it now; where nobody was answered, no latency is long enough."""
    value = value_now(objective, figures)
    load = figures.loads.get(objective.series)
    unanswered = load is not None and objective.statistic == "p99" and load.error_rate == 1
    return math.inf if value is None and unanswered else value


def _words(condition: AbortCondition) -> str:
    series, limit = spelled_as(condition.objective), format_duration(BLIND / SECOND)
    return f"{condition.text}: {series} was unknown for {limit}: nothing guarded the cluster"
