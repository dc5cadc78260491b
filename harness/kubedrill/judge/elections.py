"""Judge: etcd's leader changes in a phase, and which of them no fault explains."""

from collections.abc import Iterable
from itertools import pairwise

from kubedrill.judge.faults import Fault
from kubedrill.judge.metrics import Metrics
from kubedrill.judge.pages import Page
from kubedrill.record.metric import METRICS
from kubedrill.record.schedule import Phase
from kubedrill.record.verdict import Elections

FAMILY = METRICS["etcd.elections"].family or ""

Change = tuple[int, int, int]
"""Seen after this time, and by this one (monotonic ns); how many."""


def elections(metrics: Metrics, faults: Iterable[Fault], phase: Phase) -> Elections:
    """Return the leader changes that the member with the most of them saw; None if nobody looked."""
    known = list(faults)
    pages = (metrics.between_edges(member, phase) for member in metrics.steady_members(phase))
    watched = [_changes(found) for found in pages if len(found) > 1]
    if not watched:
        return Elections(phase=phase.name, leader_changes=None, unplanned=None)
    seen = max(watched, key=_count)
    unplanned = [one for one in seen if not any(fault.explains(*one[:2]) for fault in known)]
    return Elections(phase=phase.name, leader_changes=_count(seen), unplanned=_count(unplanned))


def _changes(pages: list[Page]) -> list[Change]:
    return [
        (before.time, after.time, int(step))
        for before, after in pairwise(pages)
        if (step := _seen(after) - _seen(before)) > 0
    ]


def _seen(page: Page) -> float:
    return page.values.get((FAMILY, ()), 0.0)


def _count(changes: list[Change]) -> int:
    return sum(count for _, _, count in changes)
