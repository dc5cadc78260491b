"""Judge: arithmetic on counters and histograms that survive restarts."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

from kubedrill.judge.measured import Measured
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase

Name = TypeVar("Name")


def increases(readings: Sequence[Mapping[Name, float]]) -> dict[Name, float]:
    """Return by how much each counter grew over consecutive readings.

    A counter that fell was reset by a restart: what it shows since then is what it grew by. One that
    is missing stands at 0.
    """
    grown: dict[Name, float] = defaultdict(float)
    for before, after in pairwise(readings):
        for name, value in after.items():
            step = value - before.get(name, 0.0)
            grown[name] += step if step >= 0 else value
    return dict(grown)


def quantile(buckets: Mapping[float, float], share: float) -> float | None:
    """Return the quantile of a histogram given as {upper bound: cumulative count}; None if empty.

    Linear within a bucket, as Prometheus' histogram_quantile; above the last finite bound, that bound.
    """
    bounds = sorted(buckets)
    total = buckets[bounds[-1]] if bounds else 0.0
    if total <= 0:
        return None
    rank = share * total
    lower, below = 0.0, 0.0
    for bound in bounds:
        count = buckets[bound]
        if count >= rank:
            if math.isinf(bound):
                return lower
            inside = count - below
            return bound if inside <= 0 else lower + (bound - lower) * (rank - below) / inside
        lower, below = bound, count
    return lower


def add_up(parts: Iterable[Mapping[float, float]]) -> dict[float, float]:
    """Add histograms bucket by bucket."""
    total: dict[float, float] = defaultdict(float)
    for part in parts:
        for bound, count in part.items():
            total[bound] += count
    return dict(total)


def listed(told: Sequence[str], doubt: str, objective: Objective, phase: Phase) -> Measured:
    """Return how much was found of what is told in words; unknown for a `doubt`, unless something was."""
    if doubt and not told:
        return Measured.unknown(doubt)
    return replace(over_phase(len(told), objective, phase), note=told[0] if told else "")


def over_phase(grown: float, objective: Objective, phase: Phase) -> Measured:
    """Return what something grew by in a phase, or that a second, as the objective asks."""
    return Measured(as_asked(grown, objective, phase))


def as_asked(grown: float, objective: Objective, phase: Phase) -> float:
    """Return what something grew by, or that a second of the phase."""
    return grown / phase.seconds if objective.statistic == "rate" else float(grown)
