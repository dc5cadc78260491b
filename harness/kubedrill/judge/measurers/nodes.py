"""Judge: how many nodes were ready, and how many were not, as the API said when asked each second."""

from collections.abc import Iterator, Sequence

from kubedrill.judge.collateral import NodesComing, hits_node
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.found import Found, looks
from kubedrill.judge.gauges import at_worst
from kubedrill.judge.measuring import Measured, measures
from kubedrill.judge.silence import of_lines
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase, allowed_hole
from kubedrill.record.watched import NodeLook

Trace = Iterator[tuple[int, float]]


@measures("readiness")
def readiness(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return a number of nodes."""
    path = evidence.folder.nodes
    each = looks(evidence.folder, path, NodeLook, may_be_cut=evidence.ending.killed)
    told = Found([look for look in each.lines if not look.error], each.doubt)
    if words := of_lines(told, phase, path.name, allowed_hole(1.0)):
        return Measured.unknown(words)
    count = _COUNTS[objective.series](evidence, told.lines)
    trace = [(time, many) for time, many in count if phase.holds(time)]
    return at_worst(trace, objective, phase, evidence.holds_from(objective, phase))


def _not_ready(_: Evidence, told: Sequence[NodeLook]) -> Trace:
    return ((look.time, float(len(look.not_ready))) for look in told)


def _ready(_: Evidence, told: Sequence[NodeLook]) -> Trace:
    return ((look.time, float(look.nodes - len(look.not_ready))) for look in told)


def _false_not_ready(evidence: Evidence, told: Sequence[NodeLook]) -> Trace:
    """Yield the number of those that are not, though nothing has been the matter since they came."""
    coming, before = NodesComing(evidence.schedule), set[str]()

    def has_a_reason(name: str, time: int) -> bool:
        hit = any(hits_node(fault, name, time) for fault in evidence.faults)
        return hit or coming.holds(name, time)

    for look in told:
        not_ready = {*look.not_ready}
        coming.arrive(before - not_ready)
        before = not_ready
        yield look.time, float(sum(not has_a_reason(name, look.time) for name in not_ready))


_COUNTS = {
    "nodes.not_ready": _not_ready,
    "nodes.ready": _ready,
    "nodes.false_not_ready": _false_not_ready,
}
"""By the series."""
