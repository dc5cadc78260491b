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
    """Return the leader changes that the member with the most of them saw."""
    known = list(faults)
    by_member = [_changes(metrics, member, phase) for member in metrics.steady_members(phase)]
    seen = max(by_member, key=_count, default=[])
    unplanned = [one for one in seen if not any(fault.explains(*one[:2]) for fault in known)]
    return Elections(phase=phase.name, leader_changes=_count(seen), unplanned=_count(unplanned))


def _changes(metrics: Metrics, member: str, phase: Phase) -> list[Change]:
    return [
        (before.time, after.time, int(step))
        for before, after in pairwise(metrics.between_edges(member, phase))
        if (step := _seen(after) - _seen(before)) > 0
    ]


def _seen(page: Page) -> float:
    return page.values.get((FAMILY, ()), 0.0)


def _count(changes: list[Change]) -> int:
    return sum(count for _, _, count in changes)
