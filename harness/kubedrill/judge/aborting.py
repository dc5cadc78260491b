"""Judge: when an abort condition has held, by the figures of a running drill, for as long as it says."""

from typing import NamedTuple

from kubedrill.clock import SECOND
from kubedrill.record.abort import (
    FSYNC,
    HEALTHY,
    NOT_READY,
    RSS,
    AbortCondition,
    parse_abort,
    spelled_as,
)
from kubedrill.record.live import LiveFigures
from kubedrill.record.objective import holds
from kubedrill.record.schedule import Schedule


class Held(NamedTuple):
    """A condition that has held for as long as it says."""

    condition: str
    sample: int
    """When the sample became known with which it had, monotonic ns."""


class AbortWatch:
    """Tells when an abort condition has held for as long as it says."""

    def __init__(self, schedule: Schedule) -> None:
        self._conditions = [parse_abort(text) for text in schedule.abort]
        self._since: dict[str, int] = {}

    def check(self, figures: LiveFigures) -> Held | None:
        """Return a condition that has held long enough, else None."""
        for condition in self._conditions:
            value = _value(condition, figures)
            if value is None:
                continue  # nothing was due: it is as it was
            if not holds(condition.objective, value):
                self._since.pop(condition.text, None)
                continue
            begun = self._since.setdefault(condition.text, figures.time)
            if figures.time - begun >= condition.for_s * SECOND:
                return Held(condition.text, _known_at(condition, figures))
        return None


def _value(condition: AbortCondition, figures: LiveFigures) -> float | None:
    """Return what a condition is about, as it is now; None while nothing is known of it."""
    shares = [share for share in (figures.reads, figures.writes) if share is not None]
    known = {
        "availability": min(shares, default=None),
        "availability.reads": figures.reads,
        "availability.writes": figures.writes,
        HEALTHY: figures.healthy_members,
        FSYNC: figures.fsync_p99_s,
        NOT_READY: figures.not_ready,
        **{name: figures.rss.get(kind) for name, kind in RSS.items()},
    }
    spelled = spelled_as(condition.objective)
    if spelled in known:
        return known[spelled]
    load = figures.loads.get(condition.objective.series)
    if load is None:
        return None
    return load.p99_s if condition.objective.statistic == "p99" else load.error_rate


def _known_at(condition: AbortCondition, figures: LiveFigures) -> int:
    """Return when the newest sample that a condition is held against became known."""
    spelled, series = spelled_as(condition.objective), condition.objective.series
    return figures.upto.get(spelled, figures.upto.get(series, figures.time))
