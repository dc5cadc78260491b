"""Judge: how many pods of the seeded workload were healthy, held against their PodDisruptionBudget."""

from collections.abc import Sequence

from kubedrill.judge.evidence import Evidence, seeded
from kubedrill.judge.gauges import at_worst
from kubedrill.judge.measuring import Measured, measures
from kubedrill.record.labels import WORKLOAD
from kubedrill.record.objective import Objective
from kubedrill.record.scale_out import HEALTHY, VIOLATIONS, Counted
from kubedrill.record.schedule import Phase
from kubedrill.record.series import Series, declare

declare(
    Series(
        HEALTHY,
        dict.fromkeys((None, "max", "min"), "1"),
        "pods of the seeded workload that are Ready, and not about to be deleted",
        "gauge",
        "healthy",
    )
)
declare(
    Series(
        VIOLATIONS,
        dict.fromkeys((None, "count"), "1"),
        "the seconds in which fewer pods were healthy than the workload's disruption budget asks for",
        "counter",
        "violations",
    )
)


@measures("healthy")
def healthy(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return the number of healthy pods: each second the fewest since the second before."""
    if words := evidence.coming.doubt(phase):
        return Measured.unknown(words)
    trace = [(line.time, float(least)) for line, least in _told(evidence) if phase.holds(line.time)]
    if not trace:
        return Measured.unknown("nobody counted the pods of the workload")
    return at_worst(trace, objective, phase, evidence.holds_from(objective, phase))


@measures("violations")
def violations(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:  # noqa: ARG001
    """Return in how many seconds of a phase too few were healthy, once all had been."""
    fleet = evidence.schedule.fleet
    allowed = fleet.workload.max_unavailable if fleet else None
    pods = int(seeded(evidence.events).get(WORKLOAD, 0))
    comes = evidence.schedule.comes
    pods += sum(each.pods for each in (fleet.demands if fleet else ()) if comes(each) < phase.start)
    if allowed is None or not pods:
        return Measured.unknown("there is no workload with a disruption budget")
    if words := evidence.coming.doubt(phase):
        return Measured.unknown(words)
    told = _told(evidence)
    whole = next((line.time for line, least in told if least >= pods), None)
    if whole is None or whole >= phase.end:
        return Measured.unknown(f"never were all {pods:,} pods of the workload healthy")
    within = [least for line, least in told if phase.holds(line.time) and line.time >= whole]
    few = sum(least < pods - allowed for least in within)
    note = f"at least {min(within):,} of {pods:,} pods were healthy, all the time" if within else ""
    return Measured(float(few), note=note)


def _told(evidence: Evidence) -> Sequence[tuple[Counted, int]]:
    counted = evidence.coming.counted()
    return [(line, line.least_healthy) for line in counted if line.least_healthy is not None]
