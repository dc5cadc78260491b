"""Judge: etcd's leader changes in a phase, and which of them no fault explains."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from kubedrill.clock import SECOND
from kubedrill.judge.families import sum_of
from kubedrill.judge.faults import ToldFault
from kubedrill.judge.metrics import Metrics
from kubedrill.judge.pages import Scrape
from kubedrill.record.metric import METRICS
from kubedrill.record.schedule import Phase
from kubedrill.record.verdict import Elections
from kubedrill.record.watched import Host

[_FAMILY] = METRICS["etcd.elections"].families

STARVED = 0.95
"""So much of the machine's CPU was in use: who waits for a core sends its heartbeats late."""
EARLIER = 2 * SECOND
"""So long before a change was seen it had begun at the earliest: etcd's timeout is 1 to 2 s."""

Change = tuple[int, int, int]
"""Seen after this time, and by this one (monotonic ns); how many."""


def elections(metrics: Metrics, faults: Iterable[ToldFault], phase: Phase) -> Elections:
    """Return the leader changes as the member with the most of them saw them; None if nobody looked."""
    known = list(faults)
    seen = changes(metrics, phase)
    if seen is None:
        return Elections(phase=phase.name, leader_changes=None, unplanned=None)
    unplanned = [
        change for change in seen if not any(fault.explains(*change[:2]) for fault in known)
    ]
    return Elections(phase=phase.name, leader_changes=_count(seen), unplanned=_count(unplanned))


def changes(metrics: Metrics, phase: Phase) -> list[Change] | None:
    """Return the leader changes of a phase, as the member with most of them saw; None if nobody looked."""
    members = metrics.steady_members(phase)
    scrapes = ([*_counted(metrics.between_edges(member, phase))] for member in members)
    watched = [_changes(found) for found in scrapes if len(found) > 1]
    return max(watched, key=_count) if watched else None


def _counted(scrapes: Iterable[Scrape]) -> Iterator[tuple[int, float]]:
    """Yield when a member was scraped, and how many changes it had seen by then."""
    for scrape in scrapes:
        if (seen := sum_of(scrape, _FAMILY)) is not None:
            yield scrape.time, seen


def _changes(counted: list[tuple[int, float]]) -> list[Change]:
    return [
        (before, after, int(step))
        for (before, was), (after, seen) in pairwise(counted)
        if (step := seen - was) > 0
    ]


def _count(changes: list[Change]) -> int:
    return sum(count for _, _, count in changes)


def starved(metrics: Metrics, begin: int, end: int) -> str:
    """Return in words that the machine was at its end when a leader changed; "" if it was not.

    Leaders change by themselves where their heartbeats come late: that is no fault's doing, nor etcd's.
    """
    looks = [
        look.host
        for look in metrics.resources.lines
        if begin - EARLIER <= look.time <= end + SECOND
    ]
    most = max(map(_in_use, looks, looks[1:]), default=0.0)
    if most < STARVED:
        return ""
    return f"; {most:.0%} of the machine's CPU was in use just then, so that it was starved, as it seems"


def _in_use(before: Host, after: Host) -> float:
    """Return the share of the machine's CPU that was used, or stolen, between two looks."""
    passed = after.cpu_total_s - before.cpu_total_s
    used = after.cpu_busy_s - before.cpu_busy_s + after.steal_s - before.steal_s
    return used / passed if passed > 0 else 0.0
