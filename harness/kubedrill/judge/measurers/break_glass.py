"""Judge: whether who must get in when nobody else does, got in."""

from kubedrill.judge.break_glass import break_glass
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.measuring import Measured, measures
from kubedrill.record.cluster import BREAK_GLASS
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase
from kubedrill.record.series import Series, declare

AVAILABILITY, LOCKED_OUT = "break_glass.availability", "break_glass.locked_out"

declare(
    Series(
        AVAILABILITY,
        {None: "ratio"},
        "the share of seconds in which the break-glass identity got in, by whichever way",
        "availability",
        "break-glass",
    )
)
declare(
    Series(
        LOCKED_OUT,
        {"longest": "s"},
        "stretch in which the break-glass identity did not get in, by no way",
        "availability",
        "break-glass",
    )
)


@measures("break-glass")
def got_in(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return a share, 0..1, or the longest lock-out in seconds."""
    if BREAK_GLASS not in evidence.cluster.identities:
        return Measured.unknown(f"the cluster has no identity {BREAK_GLASS}")
    found = break_glass(evidence.probes, phase)
    values = {AVAILABILITY: found.availability, LOCKED_OUT: found.locked_out_s}
    return Measured.sample(values[objective.series])
