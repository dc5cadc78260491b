"""Judge: what a condition is about, as it is now, by the figures of a running drill."""

from kubedrill.record.live import LiveFigures
from kubedrill.record.live_series import FSYNC, HEALTHY, NOT_READY, OBJECTS, RSS, spelled_as
from kubedrill.record.objective import Objective


def value_now(objective: Objective, figures: LiveFigures) -> float | None:
    """Return it in the base unit of its series; None while nothing is known of it."""
    shares = [share for share in (figures.reads, figures.writes) if share is not None]
    known = {
        "availability": min(shares, default=None),
        "availability.reads": figures.reads,
        "availability.writes": figures.writes,
        HEALTHY: figures.healthy_members,
        FSYNC: figures.fsync_p99_s,
        NOT_READY: figures.not_ready,
        **{name: figures.rss.get(kind) for name, kind in RSS.items()},
        **{name: figures.objects.get(kind) for name, kind in OBJECTS.items()},
    }
    spelled = spelled_as(objective)
    if spelled in known:
        return known[spelled]
    load = figures.loads.get(objective.series)
    if load is None:
        return None
    return load.p99_s if objective.statistic == "p99" else load.error_rate


def known_at(objective: Objective, figures: LiveFigures) -> int:
    """Return when the newest sample that it is held against became known, monotonic ns."""
    spelled, series = spelled_as(objective), objective.series
    return figures.upto.get(spelled, figures.upto.get(series, figures.time))
