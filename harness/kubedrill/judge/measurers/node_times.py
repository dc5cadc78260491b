"""Judge: how soon nodes that a fault hits were NotReady, and how soon they were Ready again after it."""

import math
from collections.abc import Iterator, Sequence

from kubedrill.clock import SECOND
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.faults import ToldFault
from kubedrill.judge.found import Found, looks
from kubedrill.judge.measuring import Measured, measures
from kubedrill.judge.scale_out import asked_quantile
from kubedrill.judge.silence import of_lines
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase, allowed_hole
from kubedrill.record.series import PERCENTILES, Series, declare
from kubedrill.record.watched import NodeLook

LOST, BACK = "nodes.time_to_not_ready", "nodes.time_to_ready"
_STATISTICS: dict[str | None, str] = {**dict.fromkeys((*PERCENTILES, "max"), "s")}

declare(
    Series(
        LOST,
        _STATISTICS,
        "the time from a fault's injection until the nodes that it hits are NotReady",
        "fault",
        "node_times",
    )
)
declare(
    Series(
        BACK,
        _STATISTICS,
        "the time from a fault's undo until the nodes that were NotReady by then are Ready again",
        "fault",
        "node_times",
    )
)


@measures("node_times")
def times(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return a quantile over the nodes of all faults of the phase, in seconds.

    Those that never were so while that could be its doing are among them: a quantile that falls on one
    does not hold.
    """
    path = evidence.folder.nodes
    each = looks(evidence.folder, path, NodeLook, may_be_cut=evidence.ending.killed)
    told = [look for look in each.lines if not look.error]
    if words := of_lines(Found(told, each.doubt), phase, path.name, allowed_hole(1.0)):
        return Measured.unknown(words)
    event, of_fault = _SERIES[objective.series]
    took: list[float] = []
    for fault in evidence.faults:
        at = fault.at(event)
        if at is not None and phase.holds(at):
            until = _until(evidence, fault, event, at)
            took += of_fault(evidence, fault, at, [look for look in told if look.time < until])
    if not took:
        return Measured.unknown(_NOBODY[objective.series])
    value, never = asked_quantile(took, objective), sum(map(math.isinf, took))
    words = f"{never:,} of {len(took):,} nodes were never so" if never else ""
    return Measured(None, words) if math.isinf(value) else Measured(value, note=words)


def _until(evidence: Evidence, fault: ToldFault, event: str, at: int) -> int:
    """Return until when what becomes of nodes is looked at: its undo, or else when the next fault begins."""
    if event == "injecting":
        return fault.at("undoing") or evidence.schedule.end
    begun = (other.at("injecting") for other in evidence.faults)
    return min((time for time in begun if time and time > at), default=evidence.schedule.end)


def _lost(
    evidence: Evidence, fault: ToldFault, at: int, told: Sequence[NodeLook]
) -> Iterator[float]:
    """Yield how long each node took that a fault hits, and that was Ready before."""
    for name in sorted(hit_nodes(evidence, fault, at) - _not_ready_before(told, at)):
        yield _first(told, at, name)


def _back(
    evidence: Evidence, fault: ToldFault, at: int, told: Sequence[NodeLook]
) -> Iterator[float]:
    """Yield how long each node took that a fault hits, and that was NotReady when it was undone."""
    for name in sorted(hit_nodes(evidence, fault, at) & _not_ready_before(told, at)):
        yield _last(told, at, name)


def _not_ready_before(told: Sequence[NodeLook], at: int) -> set[str]:
    before = next((look for look in reversed(told) if look.time < at), None)
    return {*before.not_ready} if before else set()


def _first(told: Sequence[NodeLook], at: int, name: str) -> float:
    """Return when a node was NotReady first."""
    later = (look for look in told if look.time >= at)
    found = next((look.time for look in later if name in look.not_ready), None)
    return math.inf if found is None else (found - at) / SECOND


def _last(told: Sequence[NodeLook], at: int, name: str) -> float:
    """Return from when on a node was Ready, and stayed so as long as anybody looked."""
    since: int | None = None
    for look in told:
        if look.time >= at:
            since = None if name in look.not_ready else (since or look.time)
    return math.inf if since is None else (since - at) / SECOND


def hit_nodes(evidence: Evidence, fault: ToldFault, at: int) -> set[str]:
    """Return the nodes that a fault hits: by name, or all those of a zone that had been asked for."""
    named = {target.called for target in fault.hits if target.kind == "node"}
    zones = {target.called for target in fault.hits if target.kind == "zone"}
    fleet, schedule = evidence.schedule.fleet, evidence.schedule
    if fleet is None:
        return named
    there = [*fleet.members()]
    for index, burst in enumerate(fleet.bursts):
        if schedule.comes(burst) <= at:
            there += fleet.of_burst(index)
    return named | {member.name for member in there if member.zone in zones}


_NOBODY = {
    LOST: "no fault of this phase hit a node that was Ready",
    BACK: "no fault that was undone in this phase left a node NotReady",
}
_SERIES = {LOST: ("injecting", _lost), BACK: ("undoing", _back)}
