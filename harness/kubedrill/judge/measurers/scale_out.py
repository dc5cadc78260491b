"""Judge: how long nodes, and the first pods on them, took from the demand for them on."""

import math

from kubedrill.judge.counting import over_phase
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.measuring import Measured, measures
from kubedrill.judge.scale_out import quantile
from kubedrill.judge.step_times import by_burst
from kubedrill.record.objective import Objective
from kubedrill.record.scale_out import EVICTED, SCALE_OUT, PodSeen
from kubedrill.record.schedule import Phase
from kubedrill.record.series import PERCENTILES, Series, declare

WHAT = {"nodes": "open", "pods": "pod_ready", "bursts": "open"}
"""By the series, the step to which the time is measured."""
_NEVER = {"nodes": "that far", "pods": "to have a pod that was Ready", "bursts": "whole"}
_STATISTICS: dict[str | None, str] = {**dict.fromkeys((*PERCENTILES, "max"), "s")}
_WORDS = {
    "nodes": "the time from the demand for nodes until they are Ready, and no taint keeps pods off",
    "pods": "the time from the demand for nodes until the first pod on each is Ready",
    "bursts": "the time from the demand for nodes until all of that burst are Ready, without such a taint",
}

for _name, _words in _WORDS.items():
    declare(Series(f"{SCALE_OUT}.{_name}", _STATISTICS, _words, "fault", SCALE_OUT))

declare(
    Series(
        EVICTED,
        {None: "1", "count": "1", "rate": "1/s"},
        "the pods that are deleted since they do not tolerate a taint of their node",
        "counter",
        EVICTED,
    )
)


@measures(EVICTED)
def evicted(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return how many pods were seen to be evicted in a phase."""
    coming = evidence.coming
    if words := coming.doubt(phase):
        return Measured.unknown(words)
    told = (line for line in coming.seen.lines if isinstance(line, PodSeen))
    many = sum(line.step == "evicted" and phase.holds(line.time) for line in told)
    return over_phase(float(many), objective, phase)


@measures(SCALE_OUT)
def times(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return a quantile of how long nodes took, or whole bursts, that were asked for in a phase, in seconds.

    Those that never came are among them: a quantile that falls on one of them does not hold.
    """
    what = objective.series.removeprefix(f"{SCALE_OUT}.")
    coming = evidence.coming
    if words := coming.doubt(phase):
        return Measured.unknown(words)
    arrivals = coming.arrivals(phase)
    if not arrivals:
        return Measured.unknown("no nodes were asked for in this phase")
    absent = next(coming.doubts_of_fleet(phase), "")
    if words := coming.early(arrivals) or absent or coming.behind(phase):
        return Measured.unknown(words)
    took = [arrival.seconds(WHAT[what]) for arrival in arrivals]
    if what == "bursts":
        took = [max(node.seconds("open") for node in burst) for burst in by_burst(arrivals)]
    statistic = objective.statistic or "max"
    share = 1.0 if statistic == "max" else float(statistic.removeprefix("p")) / 100
    never = sum(map(math.isinf, took))
    value = quantile(took, share)
    late = f"{never:,} of {len(took):,} {'bursts' if what == 'bursts' else 'nodes'} never came"
    if math.isinf(value):
        return Measured(None, f"{late} {_NEVER[what]}")
    note = f"{late} so far" if never else ""
    return Measured(value, note=note)
