"""Regression: what is compared of a run: its objectives' values, and what each drill is about besides."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from kubedrill.record.objective import Objective, ObjectiveError, as_written, parse
from kubedrill.record.verdict import LoadResult, Report
from kubedrill.report.sentences import fresh

_PERCENTILES = ("p50", "p99")
"""Of each load, whether an objective asks for them or not."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that each run has one value of."""

    phase: str
    name: str
    """As objectives have it: `list.p99`, `availability.reads`."""
    unit: str
    """s | ratio (0..1) | bytes | bytes/s | 1 | 1/s | cpu"""
    lower_is_better: bool

    @property
    def title(self) -> str:
        """As it is told from that of another phase: `fault: list.p99`."""
        return f"{self.phase}: {self.name}"


class RunValue(NamedTuple):
    """What a run says of a measure, in its unit."""

    number: float | None
    at_least: bool = False
    """Whether it is only what it is at least."""


def measured(report: Report) -> dict[Measure, RunValue]:
    """Return what is compared of a run, each measure once, those that objectives ask for first.

    Of phases that have objectives: in the others a drill proves nothing. What has no better or worse, such
    as `etcd.healthy_members == 3`, is no measure.
    """
    judged = dict.fromkeys(objective.phase for objective in report.objectives)
    found: dict[tuple[str, str], tuple[Measure, RunValue]] = {}
    for measure, value in (*_asked(report), *_besides(report, judged)):
        known = found.setdefault((measure.phase, measure.name), (measure, value))
        if known[0].lower_is_better != measure.lower_is_better:
            del found[measure.phase, measure.name]  # asked to be neither more nor less
    order = list(judged)
    ordered = sorted(found.values(), key=lambda pair: order.index(pair[0].phase))
    return dict(ordered)


def _asked(report: Report) -> Iterator[tuple[Measure, RunValue]]:
    for result in report.objectives:
        try:
            objective = parse(result.text)
        except ObjectiveError:
            continue  # of a version that knew more
        lower = _lower_is_better(objective)
        if lower is not None:
            measure = Measure(result.phase, as_written(objective), result.unit, lower)
            yield measure, RunValue(result.value, result.at_least)


def _lower_is_better(objective: Objective) -> bool | None:
    """Return which way is better, by what is asked; None where neither is."""
    match objective.operator:
        case "<" | "<=":
            return True
        case ">" | ">=":
            return False
    if not objective.threshold:
        return True
    return False if (objective.unit, objective.threshold) == ("ratio", 1.0) else None


def _besides(report: Report, phases: dict[str, None]) -> Iterator[tuple[Measure, RunValue]]:
    for load in report.load:
        if load.phase in phases and "." not in load.name:
            yield from _of_load(load)
    for phase in phases:
        for verb in ("read", "write"):
            if probes := fresh(report, phase, verb):
                name = f"availability.{verb}s"
                yield Measure(phase, name, "ratio", False), RunValue(probes.value)


def _of_load(load: LoadResult) -> Iterator[tuple[Measure, RunValue]]:
    for name in _PERCENTILES:
        if name in load.latency_s:
            value = RunValue(load.latency_s[name], name in load.at_least)
            yield Measure(load.phase, f"{load.name}.{name}", "s", True), value
    yield Measure(load.phase, f"{load.name}.rate", "1/s", False), RunValue(load.achieved)
    if load.requests:
        share = sum(load.errors.values()) / load.requests
        yield Measure(load.phase, f"{load.name}.error_rate", "ratio", True), RunValue(share)
