"""Judge: how much of a month's budget of downtime a phase has spent, by each of several definitions."""

from collections.abc import Iterator

import numpy as np

from kubedrill.clock import SECOND
from kubedrill.figures.traces import succeeded
from kubedrill.judge.probes import Probes
from kubedrill.record.sample import Records
from kubedrill.record.schedule import Phase
from kubedrill.record.verdict import BudgetSpent

BUDGET_S = 30 * 86_400 * 0.0005
"""What 99.95 % leave of a month of 30 days, as managed control planes of several zones promise: 21.6 min."""


def budget(probes: Probes, phase: Phase) -> Iterator[BudgetSpent]:
    """Yield the downtime of a phase by each definition: fresh reads and writes, through the balancer.

    Of reads and writes the worse counts. Nothing where one of them was not probed.
    """
    found = [_down(records, phase) for records in probes.fresh(phase)]
    if not found:
        return
    worst = {name: max(down[name] for down in found) for name in found[0]}
    worst["longest outage"] = probes.longest_outage_s(phase) or 0.0
    for definition, seconds in worst.items():
        yield BudgetSpent(
            phase=phase.name,
            definition=definition,
            unavailable_s=seconds,
            spent=seconds / BUDGET_S,
        )


def _down(records: Records, phase: Phase) -> dict[str, float]:
    """Return for how many seconds what these probes ask for was not available, by definition."""
    lost = ~succeeded(records)
    seconds = (records["intended"].astype(np.int64) - phase.start) // SECOND
    asked = np.bincount(seconds)
    failures = np.bincount(seconds, weights=lost)
    some = asked > 0
    return {
        "failed probes": float(lost.mean()) * phase.seconds,
        "seconds with any failed": float((some & (failures > 0)).sum()),
        "seconds with most failed": float((some & (2 * failures > asked)).sum()),
        "seconds with all failed": float((some & (failures == asked)).sum()),
    }
