"""Judge: how many nodes were ready, and how many were not, as a watch told it, noted each second."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from kubedrill.judge.collateral import NodesComing, hits_node
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.found import Found, looks
from kubedrill.judge.gauges import at_worst
from kubedrill.judge.measuring import Measured, measures
from kubedrill.judge.silence import of_lines
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase, allowed_hole
from kubedrill.record.series import zone_of
from kubedrill.record.watched import NodeLook

Trace = Iterator[tuple[int, float]]
FEW, UNHEALTHY_SHARE = 2, 0.55
"""Of kube-controller-manager's node lifecycle: `ComputeZoneState`, and its flag's default."""


@measures("readiness")
def readiness(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return a number of nodes."""
    return _of_looks(evidence, objective, phase, partial(_COUNTS[objective.series], evidence))


@measures("zone_state")
def zone_state(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return the state of a zone: 0, 1 or 2."""
    zone = zone_of(objective.series)

    def states(told: Sequence[NodeLook]) -> Trace:
        for look in told:
            if look.nodes and not look.zones:  # as earlier versions wrote it
                return
            yield look.time, float(disruption(*look.zones.get(zone, (0, 0))))

    return _of_looks(evidence, objective, phase, states)


def disruption(ready: int, there: int) -> int:
    """Return how much of a zone of so many nodes is not Ready, as kube-controller-manager tells it.

    2: none is Ready. 1: more than 2 are not, and 55 % at least (`--unhealthy-zone-threshold`). Else 0.
    """
    not_ready = there - ready
    if there and not ready:
        return 2
    return int(not_ready > FEW and not_ready / there >= UNHEALTHY_SHARE)


def _of_looks(
    evidence: Evidence,
    objective: Objective,
    phase: Phase,
    counted: Callable[[Sequence[NodeLook]], Trace],
) -> Measured:
    """Return the worst of what is counted in each look at the nodes."""
    path = evidence.folder.nodes
    each = looks(evidence.folder, path, NodeLook, may_be_cut=evidence.ending.killed)
    told = Found([look for look in each.lines if not look.error], each.doubt)
    if words := of_lines(told, phase, path.name, allowed_hole(1.0)):
        return Measured.unknown(words)
    trace = [(time, many) for time, many in counted(told.lines) if phase.holds(time)]
    return at_worst(trace, objective, phase, evidence.holds_from(objective, phase))


def _not_ready(_: Evidence, told: Sequence[NodeLook]) -> Trace:
    return ((look.time, float(len(look.not_ready))) for look in told)


def _ready(_: Evidence, told: Sequence[NodeLook]) -> Trace:
    return ((look.time, float(look.nodes - len(look.not_ready))) for look in told)


def _false_not_ready(evidence: Evidence, told: Sequence[NodeLook]) -> Trace:
    """Yield the number of those that are not, though nothing has been the matter since they came."""
    coming, before = NodesComing(evidence.coming), set[str]()

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
