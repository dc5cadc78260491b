"""Judge: how much changed beside what faults announce, and what load and seed make."""

from kubedrill.judge.counting import listed
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
        "changes that no fault announces: exits, quotas, leaders, nodes, and objects of others",
        "counter",
        "collateral",
    )
)


@measures("collateral")
def unannounced(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return how many changes of a phase no fault announces; unknown where nobody looked."""
    told = [change.words for change in evidence.collateral.of(evidence.schedule, phase)]
    return listed(told, evidence.collateral.doubt(evidence.metrics, phase), objective, phase)
