"""Judge: how much changed beside what faults announce, and what load and seed make."""

from dataclasses import replace

from kubedrill.judge.counting import over_phase
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.measuring import Measured, measures
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase
from kubedrill.record.series import Series, declare
from kubedrill.record.surrounding import COLLATERAL

declare(
    Series(
        COLLATERAL,
        {None: "1", "count": "1"},
        "changes that no fault announces: exits, leaders, objects that neither load nor seed made",
        "counter",
        "collateral",
    )
)


@measures("collateral")
def unannounced(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return how many changes of a phase no fault announces; unknown where nobody looked."""
    found = evidence.collateral.of(evidence.schedule, phase)
    doubt = evidence.collateral.doubt(evidence.metrics, phase)
    if doubt and not found:
        return Measured.unknown(doubt)
    words = found[0].words if found else ""
    return replace(over_phase(len(found), objective, phase), note=words)
