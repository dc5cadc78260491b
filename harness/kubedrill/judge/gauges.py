"""Judge: gauges of several components become one trace, and a trace is held against a threshold."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kubedrill.clock import SECOND
from kubedrill.judge.measured import Measured
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase

Point = tuple[int, float]
"""Time (monotonic ns) and value."""


@dataclass(frozen=True, slots=True)
class GaugeReading:
    """What one component showed at one time; None where it did not answer."""

    time: int
    component: str
    value: float | None


def combine(readings: Iterable[GaugeReading], across: str) -> list[Point]:
    """Return the combined value of each round, in which every component is read once, at its end.

    One that did not answer stands for nothing until it answers again; a round in which none did has no
    value. Components are read shortly after
    each other: within a round, the leader of before and the leader of now would be two leaders.
    """
    latest: dict[str, float] = {}
    trace: list[Point] = []
    for one_round in _rounds(readings):
        for reading in one_round:
            if reading.value is None:
                latest.pop(reading.component, None)
            else:
                latest[reading.component] = reading.value
        if latest:
            trace.append((one_round[-1].time, combined(latest.values(), across)))
    return trace


def _rounds(readings: Iterable[GaugeReading]) -> Iterator[list[GaugeReading]]:
    """Yield the readings in order of time; a round ends before a component that it already has."""
    found: dict[str, GaugeReading] = {}
    for reading in sorted(readings, key=lambda reading: reading.time):
        if reading.component in found:
            yield list(found.values())
            found = {}
        found[reading.component] = reading
    if found:
        yield list(found.values())


def combined(values: Iterable[float], across: str) -> float:
    """Return the sum, the largest or the smallest of the components' values."""
    if across == "sum":
        return float(sum(values))
    return max(values) if across == "max" else min(values)


def worst(values: Iterable[float], operator: str, threshold: float) -> float:
    """Return the value that is hardest on the objective; ValueError without any."""
    if operator in ("<", "<="):
        return max(values)
    if operator in (">", ">="):
        return min(values)
    return max(values, key=lambda value: abs(value - threshold))


def at_worst(trace: Iterable[Point], objective: Objective, phase: Phase, since: int) -> Measured:
    """Return the value of a trace that is hardest on the objective, from `since` to the phase's end."""
    if since >= phase.end:
        beyond = f"{(since - phase.end) / SECOND:.1f} s"
        why = (
            f"the phase ends {beyond} before this must hold, counted from when the undo was proven"
        )
        return Measured.unknown(f"{why}; make it longer")
    values = [value for time, value in trace if since <= time < phase.end]
    if not values:
        return Measured.unknown(f"{objective.series}: not read in this stretch")
    if objective.statistic in ("max", "min"):
        return Measured({"max": max, "min": min}[objective.statistic](values))
    return Measured(worst(values, objective.operator, objective.threshold))
