"""Judge: how long the nodes of a phase took to each step: percentiles, their intervals, and by burst."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from kubedrill.clock import SECOND
from kubedrill.judge.intervals import quantile_interval
from kubedrill.judge.node_arrival import STEPS, NodeArrival
from kubedrill.judge.scale_out import SeenComing, quantile
from kubedrill.record.scale_out import BurstTimes, StepTimes
from kubedrill.record.schedule import Phase

P90 = 0.9


def by_burst(arrivals: Iterable[NodeArrival]) -> list[list[NodeArrival]]:
    """Return the nodes of each burst, in the order in which the bursts came."""
    return [[*group] for _, group in groupby(arrivals, attrgetter("demand"))]


def step_times(coming: SeenComing, phase: Phase) -> Iterator[StepTimes]:
    """Yield how long the nodes of a phase took to each step, as far as was seen."""
    bursts = by_burst(coming.seen_arrivals(phase))
    for step in STEPS if bursts else ():
        groups = [[arrival.seconds(step) for arrival in burst] for burst in bursts]
        took = sorted(time for group in groups for time in group)
        interval = quantile_interval(groups, P90)
        yield StepTimes(
            phase=phase.name,
            step=step,
            nodes=len(took),
            came=sum(map(math.isfinite, took)),
            percentiles_s=[_known(quantile(took, percent / 100)) for percent in range(1, 101)],
            p90_interval_s=interval and (_known(interval[0]), _known(interval[1])),
            bursts=[*_each(bursts, groups, phase)] if len(bursts) > 1 else [],
        )


def _each(
    bursts: Sequence[Sequence[NodeArrival]], groups: Sequence[Sequence[float]], phase: Phase
) -> Iterator[BurstTimes]:
    for burst, group in zip(bursts, groups, strict=True):
        yield BurstTimes(
            at_s=(burst[0].demand - phase.start) / SECOND,
            nodes=len(group),
            came=sum(map(math.isfinite, group)),
            p50_s=_known(quantile(group, 0.5)),
            p90_s=_known(quantile(group, P90)),
            max_s=_known(max(group)),
        )


def _known(time: float) -> float | None:
    return None if math.isinf(time) else time
