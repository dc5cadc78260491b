"""Judge: what bounds a scale-out: who used the machine meanwhile, and who waited for a limit of its own."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from kubedrill.clock import SECOND
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.node_arrival import NodeArrival
from kubedrill.judge.objectives import measure
from kubedrill.judge.scale_out import quantile
from kubedrill.judge.step_times import P90
from kubedrill.record.objective import parse
from kubedrill.record.scale_out import ScaleOutBound
from kubedrill.record.schedule import Phase

FULL = 0.1
"""Of the CPU: where less is left, everybody waits for it."""
WAITS_S = 0.1
"""So long half of a controller's requests wait where its own limit is what they wait for."""
CONTROLLERS = ("controller-manager", "scheduler")
"""Clients that limit themselves, as series call them."""


def bounds(evidence: Evidence, phase: Phase) -> Iterator[ScaleOutBound]:
    """Yield what bounded the nodes that were asked for in a phase; nothing where none were."""
    arrivals = evidence.coming.seen_arrivals(phase)
    if not arrivals:
        return
    coming = _while_they_came(arrivals, phase)
    free, waited = evidence.machine.free(coming), dict(_waited(evidence, phase))
    yield ScaleOutBound(
        phase=phase.name,
        seconds=round(coming.seconds, 3),
        free_share=free,
        cores=_cores(evidence, coming),
        waited_s=waited,
        words=_words(free, waited),
    )


def _while_they_came(arrivals: Sequence[NodeArrival], phase: Phase) -> Phase:
    """Return the time from the first demand until nine tenths were open, or the phase's end."""
    begun = min(arrival.demand for arrival in arrivals)
    ends = [arrival.demand + arrival.seconds("open") * SECOND for arrival in arrivals]
    last = quantile(sorted(ends), P90)
    end = phase.end if math.isinf(last) else min(round(last), phase.end)
    return Phase(phase.name, begun, max(end, begun + 1))


def _cores(evidence: Evidence, coming: Phase) -> dict[str, float]:
    """Return how many cores each kind of component, the fleet and the rest of the drill used."""
    metrics, used = evidence.metrics, defaultdict[str, float](float)
    for component in evidence.cluster.components:
        used[component.kind] += metrics.cpu_s("processes", component.name, coming) or 0.0
    roles = {role for line in metrics.resources.lines for role in line.harness}
    for role in sorted(roles):
        who = "fleet" if role.startswith("fleet-") else "drill"
        used[who] += metrics.cpu_s("harness", role, coming) or 0.0
    most_first = sorted(used.items(), key=lambda each: -each[1])
    return {who: round(seconds / coming.seconds, 3) for who, seconds in most_first}


def _waited(evidence: Evidence, phase: Phase) -> Iterator[tuple[str, float]]:
    """Yield for how long half of each controller's requests waited for its own limit, s."""
    for name in CONTROLLERS:
        found = measure(evidence, parse(f"{name}.throttled.p50 < 1s"), phase)
        if found.valid and found.value is not None:
            yield name, found.value


def _words(free: float | None, waited: Mapping[str, float]) -> str:
    if free is not None and free < FULL:
        return f"the machine: {free:.0%} of its CPU was left"
    slowest = max(waited, key=lambda name: waited[name], default="")
    if slowest and waited[slowest] >= WAITS_S:
        p50 = f"half of its requests waited {waited[slowest]:.2f} s or more for that"
        return f"the {slowest}'s own limit (kube-api-qps): {p50}"
    return "neither the machine nor a controller's own limit"
