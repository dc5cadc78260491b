"""Judge: what the processes took that play a fleet's nodes."""

from collections.abc import Sequence

from kubedrill.judge.counting import over_phase
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.measuring import Measured, measures
from kubedrill.record.fleet import REFUSED, REPLACED
from kubedrill.record.fleet_lines import FleetLine
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase
from kubedrill.record.series import Series, declare

declare(
    Series(
        "fleet.cpu",
        {"count": "s", "rate": "cpu"},
        "the CPU of the processes that play the fleet's nodes",
        "counter",
        "fleet_cpu",
    )
)
declare(
    Series(
        "fleet.rss",
        {"max": "bytes"},
        "the resident memory of the processes that play the fleet's nodes, together",
        "gauge",
        "fleet_rss",
    )
)
for _name, _words in {
    REPLACED: "nodes in whose place another one was Ready since",
    REFUSED: "evictions that a disruption budget refused to who replaces nodes",
}.items():
    _units: dict[str | None, str] = {None: "1", "count": "1", "rate": "1/s"}
    declare(Series(_name, _units, _words, "counter", "fleet_counts"))


declare(
    Series(
        "fleet.received_bytes",
        {"count": "bytes", "rate": "bytes/s"},
        "the bytes that the fleet's nodes received, TLS included",
        "counter",
        "fleet_counts",
    )
)


@measures("fleet_counts")
def counts(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return how many there were in a phase, of all its processes together."""
    if words := _unmeasured(evidence, phase):
        return Measured.unknown(words)
    what = objective.series.partition(".")[2]
    many = (
        _until(phase.end, told.lines, what) - _until(phase.start, told.lines, what)
        for told in evidence.coming.lines.values()
    )
    return over_phase(sum(many), objective, phase)


@measures("fleet_cpu")
def cpu(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return CPU-seconds, or cores, of all its processes together."""
    if words := _unmeasured(evidence, phase):
        return Measured.unknown(words)
    used = (
        _until(phase.end, told.lines, "cpu_s") - _until(phase.start, told.lines, "cpu_s")
        for told in evidence.coming.lines.values()
    )
    return over_phase(sum(used), objective, phase)


@measures("fleet_rss")
def memory(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:  # noqa: ARG001
    """Return the sum of the most that each of its processes had in a phase, in bytes."""
    if words := _unmeasured(evidence, phase):
        return Measured.unknown(words)
    most = [
        max((line.rss_bytes for line in told.lines if phase.holds(line.time)), default=0)
        for told in evidence.coming.lines.values()
    ]
    if not all(most):
        return Measured.unknown("the fleet told nothing in this phase")
    return Measured(float(sum(most)))


def _until(time: int, lines: Sequence[FleetLine], what: str) -> float:
    """Return what a process has counted, or used, by then: it tells of it each second."""
    return next((float(getattr(line, what)) for line in reversed(lines) if line.time <= time), 0.0)


def _unmeasured(evidence: Evidence, phase: Phase) -> str:
    """Return why what it took is not known; empty if it is."""
    if not evidence.coming.lines:
        return "there is no fleet"
    return next(evidence.coming.absences(phase), "")
