"""Regression: runs in their order, and where their measures changed: `kubedrill changes`."""

from collections.abc import Iterator, Sequence

import numpy as np

from kubedrill.regression.change_points import MOST, SHORTEST, change_points
from kubedrill.regression.comparable import differences, labels_apart, other_text
from kubedrill.regression.comparing import Inquiry, check_named, chosen, tables
from kubedrill.regression.found_runs import KnownRun, RunSet, Where, folders_of, read_set
from kubedrill.regression.margins import Scaled, scaled
from kubedrill.regression.measures import Measure, RunValue
from kubedrill.regression.verdict import ChangeResult, HistoryReport, Shift, UnusedRun


def changes_of(asked: str, inquiry: Inquiry) -> HistoryReport:
    """Return where the measures of runs changed; NotStarted if there are none, or a measure is unknown.

    Of the last MOST of them.
    """
    found = read_set(asked, folders_of(asked, Where(inquiry.reports, inquiry.experiment)))
    ordered = sorted(found.runs, key=lambda run: run.report.phases[0].date)[-MOST:]
    runs, unused = _of_the_last(ordered)
    [told] = tables(RunSet(asked, tuple(runs)))
    check_named(inquiry, {name for measure in told for name in (measure.name, measure.title)})
    compared = chosen(told, inquiry.measures)
    results = [
        result
        for measure, values in compared.items()
        for result in _changes(measure, values, runs, inquiry, len(compared))
    ]
    return HistoryReport(
        asked=asked,
        runs=[run.name for run in runs],
        confidence=inquiry.terms.confidence,
        unused=[UnusedRun(run=run, why=why) for run, why in {**found.unused, **unused}.items()],
        too_few=len(runs) < 2 * SHORTEST,
        changes=sorted(results, key=lambda result: result.run),
    )


def _of_the_last(runs: Sequence[KnownRun]) -> tuple[list[KnownRun], dict[str, str]]:
    """Return the runs of the same experiment as the last one, and why not the others."""
    kept, unused = list[KnownRun](), dict[str, str]()
    for run in runs:
        if why := other_text(runs[-1], run):
            unused[run.name] = f"its experiment was another: {why}"
        else:
            kept.append(run)
    return kept, unused


def _changes(
    measure: Measure,
    values: Sequence[RunValue],
    runs: Sequence[KnownRun],
    inquiry: Inquiry,
    measures: int,
) -> Iterator[ChangeResult]:
    """Yield where one of so many measures changed, by as much as is worth speaking of."""
    pairs = zip(runs, values, strict=True)
    known = [(run, value.number) for run, value in pairs if value.number is not None]
    numbers = np.array([number for _, number in known], dtype=np.float64)
    if not len(numbers):
        return
    margins = inquiry.terms.margins
    whole = scaled(measure, numbers, numbers, margins).baseline
    points = change_points(whole, inquiry.terms.risk / measures)
    edges = [0, *(point.index for point in points), len(known)]
    for number, point in enumerate(points):
        start, middle, end = edges[number : number + 3]
        sides = scaled(measure, numbers[start:middle], numbers[middle:end], margins)
        around = known[middle - 1][0], known[middle][0]
        result = _result(measure, sides, around, min(1.0, point.chance * measures))
        if abs(sides.apart) >= sides.margin:
            yield result


def _result(
    measure: Measure, sides: Scaled, around: tuple[KnownRun, KnownRun], chance: float
) -> ChangeResult:
    last, first = (RunSet(run.name, (run,)) for run in around)
    worse = (sides.apart > 0) == measure.lower_is_better
    return ChangeResult(
        phase=measure.phase,
        name=measure.name,
        unit=measure.unit,
        run=around[1].name,
        scale="ratio" if sides.is_ratio else "difference",
        before=sides.shown(float(sides.baseline.mean())),
        after=sides.shown(float(sides.candidate.mean())),
        effect=sides.shown(sides.apart),
        chance=chance,
        change=Shift.WORSE if worse else Shift.BETTER,
        differs=[*labels_apart(last, first), *differences(last, first)],
    )
