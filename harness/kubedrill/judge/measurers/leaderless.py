"""Judge: the longest stretch without a leader, of controller-managers and of schedulers."""

from kubedrill.judge.evidence import Evidence
from kubedrill.judge.found import Found
from kubedrill.judge.leaderless import gaps
from kubedrill.judge.measuring import Measured, measures
from kubedrill.judge.silence import of_lines
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase, allowed_hole
from kubedrill.record.series import Series, declare
from kubedrill.record.watched import LEADERLESS

KINDS = {"controller-manager": "kube-controller-manager", "scheduler": "kube-scheduler"}
"""By the first word of a series, whose leader it is about."""

for _name, _kind in KINDS.items():
    _words = f"stretch in which no {_kind} held the Lease of the one that leads"
    declare(Series(f"{_name}.{LEADERLESS}", {"longest": "s"}, _words, "availability", "leases"))


@measures("leases")
def longest(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return the longest stretch of a phase without a leader, in seconds; 0 if one led all the time."""
    kind = KINDS[objective.series.partition(".")[0]]
    leases = evidence.collateral.leases
    told = Found([look for look in leases.lines if kind in look.held], leases.doubt)
    if words := of_lines(told, phase, evidence.folder.leases.name, allowed_hole(1.0)):
        return Measured.unknown(words)
    to_wall = evidence.schedule.clock.to_wall
    seen = gaps((look.held[kind] for look in told.lines), to_wall(told.lines[-1].time))
    start, end = to_wall(phase.start), to_wall(phase.end)
    return Measured(max((gap.seconds for gap in seen if gap.touches(start, end)), default=0.0))
