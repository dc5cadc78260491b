"""Judge: how long nodes, and the first pods on them, took from the demand for them on."""

import math
from collections.abc import Sequence

from kubedrill.clock import SECOND
from kubedrill.judge.counting import over_phase
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.measuring import Measured, measures
from kubedrill.judge.scale_out import SeenComing, asked_quantile
from kubedrill.judge.step_times import by_burst
from kubedrill.record.objective import Objective
from kubedrill.record.scale_out import EVICTED, PODS_BECAME, SCALE_OUT, WORKLOAD, PodSeen
from kubedrill.record.schedule import Phase
from kubedrill.record.series import PERCENTILES, Series, declare

WHAT = {"nodes": "open", "pods": "pod_ready", "bursts": "open"}
"""By the series, the step to which the time is measured."""
_NEVER = {
    "nodes": "that far",
    "pods": "to have a pod that was Ready",
    "bursts": "whole",
    "workload": "to be Ready",
}
_STATISTICS: dict[str | None, str] = {**dict.fromkeys((*PERCENTILES, "max"), "s")}
_WORDS = {
    "nodes": "the time from the demand for nodes until they are Ready, and no taint keeps pods off",
    "pods": "the time from the demand for nodes until the first pod on each is Ready",
    "bursts": "the time from the demand for nodes until all of that burst are Ready, without such a taint",
    "workload": "the time from the demand for pods of the workload until each of them is Ready",
}

for _name, _words in _WORDS.items():
    declare(Series(f"{SCALE_OUT}.{_name}", _STATISTICS, _words, "fault", SCALE_OUT))

_PODS = {
    EVICTED: "the pods that are deleted since they do not tolerate a taint of their node",
    "pods.created": "the pods that are created for a scheduler",
    "pods.bound": "the pods that are bound to a node",
    "pods.ready": "the pods that become Ready",
}
_COUNTED: dict[str | None, str] = {None: "1", "count": "1", "rate": "1/s"}

for _name, _words in _PODS.items():
    _units = _COUNTED if _name == EVICTED else {**_COUNTED, "pace": "1/s"}
    declare(Series(_name, _units, _words, "counter", "pods_became"))


@measures("pods_became")
def pods(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return how many pods were seen to become something in a phase, or how fast they did."""
    coming = evidence.coming
    if words := coming.doubt(phase):
        return Measured.unknown(words)
    step = PODS_BECAME[objective.series]
    told = (line for line in coming.seen.lines if isinstance(line, PodSeen) and line.step == step)
    times = [line.time for line in told if phase.holds(line.time)]
    if objective.statistic == "pace":
        return _pace(times)
    return over_phase(float(len(times)), objective, phase)


def _pace(times: Sequence[int]) -> Measured:
    """Return how many a second there were between the first tenth and the last, in their order of time."""
    first, last = len(times) // 10, len(times) - 1 - len(times) // 10
    if last <= first or times[first] == times[last]:
        return Measured.unknown(f"{len(times)} pods have no pace")
    return Measured((last - first) * SECOND / (times[last] - times[first]))


@measures(SCALE_OUT)
def times(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return a quantile of how long nodes, bursts or pods took that were asked for in a phase, in seconds.

    Those that never came are among them: a quantile that falls on one of them does not hold.
    """
    what = objective.series.removeprefix(f"{SCALE_OUT}.")
    coming = evidence.coming
    if words := coming.doubt(phase):
        return Measured.unknown(words)
    if objective.series == WORKLOAD:
        return _of_workload(coming, objective, phase)
    arrivals = coming.arrivals(phase)
    if not arrivals:
        why = "no nodes were asked for in this phase"
        if any(phase.holds(demand.time) for demand in coming.demands()):
            why = "the pods that were wanted in this phase found room on other nodes"
        return Measured.unknown(why)
    absent = next(coming.doubts_of_fleet(phase), "") or coming.unasked(phase)
    if words := coming.early(arrivals) or absent:
        return Measured.unknown(words)
    behind = coming.behind(phase)
    if behind is None:
        return Measured.unknown("the API had taken nodes that were not seen")
    took = [arrival.seconds(WHAT[what]) for arrival in arrivals]
    if what == "bursts":
        took = [max(node.seconds("open") for node in burst) for burst in by_burst(arrivals)]
    return _quantile(took, what, objective, behind)


def _of_workload(coming: SeenComing, objective: Objective, phase: Phase) -> Measured:
    """Return a quantile of how long the pods took that were wanted in a phase."""
    demands = [demand for demand in coming.demands() if phase.holds(demand.time)]
    if not demands:
        return Measured.unknown("no pods of the workload were wanted in this phase")
    if words := next(coming.doubts_of_fleet(phase), "") or coming.unasked(phase):
        return Measured.unknown(words)
    took = [seconds for demand in demands for seconds in demand.seconds()]
    return _quantile(took, "workload", objective)


def _quantile(took: Sequence[float], what: str, objective: Objective, behind: int = 0) -> Measured:
    """Return a quantile of how long all took; nothing, and how many never came, where it is one of them.

    `behind`: they may have been seen that much too late, ns.
    """
    value, never = asked_quantile(took, objective), sum(map(math.isinf, took))
    of = {"bursts": "bursts", "workload": "pods"}.get(what, "nodes")
    late = f"{never:,} of {len(took):,} {of} never came"
    if math.isinf(value):
        return Measured(None, f"{late} {_NEVER[what]}")
    note = f"{late} so far" if never else ""
    if not behind:
        return Measured(value, note=note)
    seen = f"nodes were seen up to {behind / SECOND:.1f} s after the API had taken them"
    least = max(value - behind / SECOND, 0.0)
    return Measured(least, most=value, note="; ".join(filter(None, (note, seen))))
