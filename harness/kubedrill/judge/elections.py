"""Judge: etcd's leader changes in a phase, and which of them no fault explains."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from kubedrill.judge.families import sum_of
from kubedrill.judge.faults import ToldFault
from kubedrill.judge.metrics import Metrics
from kubedrill.judge.pages import Scrape
from kubedrill.record.metric import METRICS
from kubedrill.record.schedule import Phase
from kubedrill.record.verdict import Elections

[_FAMILY] = METRICS["etcd.elections"].families

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
