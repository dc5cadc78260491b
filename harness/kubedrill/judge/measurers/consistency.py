"""Judge: how often the API did what it must never do, as the auditor found it."""

from dataclasses import replace

from kubedrill.judge.counting import over_phase
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
    doubt = evidence.audit.doubt(phase)
    if doubt and not found:
        return Measured.unknown(doubt)
    words = f"{found[0].kind}: {found[0].words}" if found else ""
    return replace(over_phase(len(found), objective, phase), note=words)
