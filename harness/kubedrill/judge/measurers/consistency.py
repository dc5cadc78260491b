"""Judge: how often the API did what it must never do, as the auditor found it."""

from kubedrill.judge.counting import listed
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.measuring import Measured, measures
from kubedrill.record.audit import CONSISTENCY
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase
from kubedrill.record.series import Series, declare

declare(
    Series(
        CONSISTENCY,
        {None: "1", "count": "1"},
        "violations: acknowledged writes that are lost, stale quorum reads, watches that are not whole",
        "counter",
        "audit",
    )
)


@measures("audit")
def violations(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return how many violations showed in a phase; unknown where the auditor proves nothing."""
    found = evidence.audit.violations(evidence.schedule, phase)
    told = [f"{violation.kind}: {violation.words}" for violation in found]
    return listed(told, evidence.audit.doubt(phase), objective, phase)
