"""Judge: how many members of etcd were healthy, as they said when asked each second."""

from kubedrill.judge.evidence import Evidence
from kubedrill.judge.gauges import at_worst
from kubedrill.judge.measuring import Measured, measures
from kubedrill.judge.metrics import within
from kubedrill.judge.silence import of_lines
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase, allowed_hole


@measures("health")
def healthy_members(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return a number of members."""
    health = evidence.metrics.health
    if words := of_lines(health, phase, "health.jsonl", allowed_hole(1.0)):
        return Measured.unknown(words)
    trace = [
        (line.time, float([*line.etcd.values()].count("healthy")))
        for line in within(health.lines, phase)
    ]
    return at_worst(trace, objective, phase, evidence.holds_from(objective, phase))
