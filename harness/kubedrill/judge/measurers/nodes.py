"""Judge: how many nodes were not ready, as the API said when asked each second."""

from kubedrill.judge.evidence import Evidence
from kubedrill.judge.found import Found, looks
from kubedrill.judge.gauges import at_worst
from kubedrill.judge.measuring import Measured, measures
from kubedrill.judge.metrics import within
from kubedrill.judge.silence import of_lines
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase, allowed_hole
from kubedrill.record.watched import NodeLook


@measures("readiness")
def not_ready(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return a number of nodes."""
    path = evidence.folder.nodes
    each = looks(evidence.folder, path, NodeLook, may_be_cut=evidence.ending.killed)
    told = Found([look for look in each.lines if not look.error], each.doubt)
    if words := of_lines(told, phase, path.name, allowed_hole(1.0)):
        return Measured.unknown(words)
    trace = [(look.time, float(len(look.not_ready))) for look in within(told.lines, phase)]
    return at_worst(trace, objective, phase, evidence.holds_from(objective, phase))
