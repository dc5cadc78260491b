"""Judge: how long nodes, and the first pods on them, took from the demand for them on."""

import math

from kubedrill.judge.evidence import Evidence
from kubedrill.judge.measuring import Measured, measures
from kubedrill.judge.scale_out import quantile
from kubedrill.record.objective import Objective
from kubedrill.record.scale_out import SCALE_OUT
from kubedrill.record.schedule import Phase
from kubedrill.record.series import PERCENTILES, Series, declare

WHAT = {"nodes": "open", "pods": "pod_ready"}
"""By the series, the step to which the time is measured."""
_STATISTICS: dict[str | None, str] = {**dict.fromkeys((*PERCENTILES, "max"), "s")}
_WORDS = {
    "nodes": "the time from the demand for nodes until they are Ready, and no taint keeps pods off",
    "pods": "the time from the demand for nodes until the first pod on each is Ready",
}

for _name, _words in _WORDS.items():
    declare(Series(f"{SCALE_OUT}.{_name}", _STATISTICS, _words, "fault", SCALE_OUT))


@measures(SCALE_OUT)
def times(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return a quantile of how long the nodes took that were asked for in a phase, in seconds.

    Those that never came are among them: a quantile that falls on one of them does not hold.
    """
    what = objective.series.removeprefix(f"{SCALE_OUT}.")
    coming = evidence.coming
    if words := coming.doubt(phase):
        return Measured.unknown(words)
    arrivals = coming.arrivals(phase)
    if not arrivals:
        return Measured.unknown("no nodes were asked for in this phase")
    late = next(coming.doubts_of_fleet(phase), "")
    if words := coming.early(arrivals) or late or coming.behind(phase):
        return Measured.unknown(words)
    took = [arrival.seconds(WHAT[what]) for arrival in arrivals]
    statistic = objective.statistic or "max"
    share = 1.0 if statistic == "max" else float(statistic.removeprefix("p")) / 100
    never = sum(map(math.isinf, took))
    value = quantile(took, share)
    if math.isinf(value):
        whose = "a pod that was Ready" if what == "pods" else "that far"
        return Measured(None, f"{never:,} of {len(took):,} nodes never came to have {whose}")
    note = f"{never:,} of {len(took):,} nodes never came so far" if never else ""
    return Measured(value, note=note)
