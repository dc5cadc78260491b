"""Judge: what the components' processes used, and how often they exited."""

from kubedrill.judge.counting import over_phase
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.gauges import GaugeReading, at_worst, combine
from kubedrill.judge.measuring import Measured, measures
from kubedrill.judge.metrics import within
from kubedrill.judge.silence import of_process
from kubedrill.record.metric import METRICS
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase, allowed_hole
from kubedrill.record.watched import ResourceLook


@measures("cpu")
def cpu(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return CPU-seconds, or cores, of all components of a kind together."""
    if words := _unmeasured(evidence, objective, phase):
        return Measured.unknown(words)
    names = _names(evidence, objective)
    used = (evidence.metrics.cpu_s("processes", name, phase) for name in names)
    known = [seconds for seconds in used if seconds is not None]
    if not known:
        return Measured.unknown(f"{objective.series}: nothing was there to measure")
    return over_phase(sum(known), objective, phase)


@measures("memory")
def memory(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return the resident memory of the largest component of a kind, in bytes."""
    if words := _unmeasured(evidence, objective, phase):
        return Measured.unknown(words)
    readings = [
        GaugeReading(line.time, name, _resident(line, name))
        for line in within(evidence.metrics.resources.lines, phase)
        for name in _names(evidence, objective)
    ]
    trace = combine(readings, METRICS[objective.series].across)
    return at_worst(trace, objective, phase, evidence.holds_from(objective, phase))


@measures("exits")
def restarts(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return how many exits of a kind of component nobody asked for."""
    metrics = evidence.metrics
    count = metrics.restarts(METRICS[objective.series].component, phase)
    if count is None or not _names(evidence, objective):
        return Measured.unknown(metrics.exits.doubt or _none_of(objective))
    return over_phase(count, objective, phase)


def _unmeasured(evidence: Evidence, objective: Objective, phase: Phase) -> str:
    """Return why what the components used is not known; empty if it is."""
    metrics, names = evidence.metrics, _names(evidence, objective)
    if not names:
        return _none_of(objective)
    hole = allowed_hole(metrics.scraping.resources)
    silent = (
        of_process(metrics.resources.lines, name, phase, evidence.held, hole) for name in names
    )
    return metrics.unwatched(phase) or next(filter(None, silent), "")


def _names(evidence: Evidence, objective: Objective) -> list[str]:
    kind = METRICS[objective.series].component
    return [component.name for component in evidence.cluster.of_kind(kind)]


def _none_of(objective: Objective) -> str:
    return f"the cluster has no {METRICS[objective.series].component}"


def _resident(line: ResourceLook, component: str) -> float | None:
    process = line.processes.get(component)
    return float(process.rss_bytes) if process else None
