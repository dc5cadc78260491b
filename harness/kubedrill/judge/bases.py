"""Judge: what objectives on shares are shares of: arrivals that were due, objects that were seeded."""

from typing import Any

import numpy as np

from kubedrill.clock import SECOND
from kubedrill.judge.evidence import Evidence
from kubedrill.record.objective import OFFERED, SEEDED, Objective, base_load
from kubedrill.record.schedule import Phase
from kubedrill.record.timeline import Event, Seeded


def base(evidence: Evidence, objective: Objective, phase: Phase) -> float | None:
    """Return what an objective's share is of, in the unit of its series; None if nobody knows."""
    if objective.share_of == SEEDED:
        count = seeded(evidence.events).get(objective.series.partition(".")[2])
        return None if count is None else float(count)
    name = base_load(objective)
    load = next((load for load in evidence.loads if load.scheduled.name == name), None)
    if load is None:
        return None
    if objective.share_of != OFFERED:
        return float(np.searchsorted(load.dues, phase.end))
    offered = float(load.due_in(phase))
    return (
        offered * SECOND / (phase.end - phase.start) if objective.statistic == "rate" else offered
    )


def seeded(events: list[Event]) -> dict[str, Any]:
    """Return how many objects of each kind were made before the load, as the timeline tells."""
    told = (event for event in events if isinstance(event, Seeded))
    return next(({**made.created, "seconds": made.seconds} for made in told), {})
