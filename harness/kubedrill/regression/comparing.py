"""Regression: two sides of runs compared, from what was typed to the answer: `kubedrill compare`."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kubedrill.errors import NotStarted
from kubedrill.regression.baselines import folders_by_name
from kubedrill.regression.comparable import differences, labels_apart, objections
from kubedrill.regression.deciding import ByMeasure, Terms, decide, overall, too_few
from kubedrill.regression.found_runs import RunSet, Where, folders_of, name_of, read_set
from kubedrill.regression.known_changes import acknowledge
from kubedrill.regression.measures import Measure, RunValue, measured
from kubedrill.regression.resampling import check_installed
from kubedrill.regression.verdict import (
    MeasureResult,
    RegressionReport,
    RunSetResult,
    Shift,
    UnusedRun,
)
from kubedrill.words import counted, did_you_mean, shown

_TOLD = 5
"""Measures that a reason names; the table has all."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What was typed beside the two sides."""

    reports: Path
    experiment: str = ""
    terms: Terms = field(default_factory=Terms)
    measures: Sequence[str] = ()
    """By name; none: all."""
    allowed: Collection[str] = ()
    acknowledged: Path | None = None


def compare(baseline: str, candidate: str, inquiry: Inquiry) -> RegressionReport:
    """Compare two sides as they were typed; NotStarted if one of them names no runs, or both name one run."""
    check_installed()
    where = Where(inquiry.reports, inquiry.experiment, folders_by_name(inquiry.reports))
    folders = [folders_of(side, where) for side in (baseline, candidate)]
    for run in folders[0]:
        if run in folders[1]:
            raise NotStarted(f"{name_of(run)}: is on both sides; a run is on one")
    before, after = (
        read_set(asked, found) for asked, found in zip((baseline, candidate), folders, strict=True)
    )
    return compared(before, after, inquiry)


def compared(before: RunSet, after: RunSet, inquiry: Inquiry) -> RegressionReport:
    """Compare two sets of runs that were read; NotStarted where something is named that they do not have."""
    against = [*(_empty(before, after) or objections(before, after, inquiry.allowed))]
    if against:
        return _report(before, after, inquiry, Shift.NOT_COMPARABLE, reasons=against)
    first, second = tables(before, after)
    names = {name for measure in first for name in (measure.name, measure.title)}
    check_named(inquiry, names)
    first, second = (chosen(table, inquiry.measures) for table in (first, second))
    results = decide(first, second, inquiry.terms)
    if inquiry.acknowledged is not None:
        results = acknowledge(results, inquiry.acknowledged, names, after)
    change = overall(results)
    reasons = [*_reasons(results, change)]
    report = _report(before, after, inquiry, change, reasons=reasons, results=results)
    few = too_few((len(before.runs), len(after.runs)), len(results), inquiry.terms)
    return report.model_copy(update={"notes": [*report.notes, *filter(None, [few])]})


def _empty(before: RunSet, after: RunSet) -> list[str]:
    """Return which side has no run that may be compared, and why not."""
    return [
        f"the {name} has no run that proves anything; the first, {run}, {why}"
        for name, side in (("baseline", before), ("candidate", after))
        for run, why in [*side.unused.items()][:1]
        if not side.runs
    ]


def tables(*sides: RunSet) -> list[ByMeasure]:
    """Return of each side what each of its runs says of each measure that any run has."""
    told = [[measured(run.report) for run in side.runs] for side in sides]
    every = dict.fromkeys(measure for side in told for run in side for measure in run)
    absent = RunValue(None)
    return [
        {measure: [run.get(measure, absent) for run in side] for measure in every} for side in told
    ]


def chosen(table: ByMeasure, names: Collection[str]) -> dict[Measure, Sequence[RunValue]]:
    """Return of a table the measures that were named; all if none was."""
    return {
        measure: values
        for measure, values in table.items()
        if not names or measure.name in names or measure.title in names
    }


def check_named(inquiry: Inquiry, names: Collection[str]) -> None:
    """Raise NotStarted for a measure that was named, and that the runs do not have."""
    options = {"--measure": inquiry.measures, "--threshold": inquiry.terms.margins.by_name}
    for option, given in options.items():
        for name in given:
            if name not in names:
                near = did_you_mean(name, names)
                raise NotStarted(f'{option}: unknown measure "{shown(name)}"{near}')


def _report(
    before: RunSet,
    after: RunSet,
    inquiry: Inquiry,
    change: Shift,
    *,
    reasons: list[str],
    results: Sequence[MeasureResult] = (),
) -> RegressionReport:
    both = before.runs and after.runs
    told = labels_apart(before, after) if both else []
    differ = differences(before, after) if both else []
    return RegressionReport(
        experiment=next((run.report.experiment for run in (*after.runs, *before.runs)), ""),
        change=change,
        reasons=reasons,
        confidence=inquiry.terms.confidence,
        baseline=_side(before),
        candidate=_side(after),
        unused=[
            UnusedRun(run=run, why=why)
            for side in (before, after)
            for run, why in side.unused.items()
        ],
        labels_differ=told,
        differs=differ,
        notes=[*_notes(before, after, told=bool(told), differs=bool(differ))],
        measures=[*results],
    )


def _side(side: RunSet) -> RunSetResult:
    names = [run.name for run in side.runs]
    return RunSetResult(asked=side.asked, runs=names, labels=side.labels)


def _notes(before: RunSet, after: RunSet, *, told: bool, differs: bool) -> Iterator[str]:
    if told and not differs:
        yield (
            "labels say that the sides differ, and nothing differs that the runs recorded of the cluster, "
            "its versions, flags and sizes, or of the tools"
        )
    if differs and not told:
        yield "what the runs recorded differs, and no label says so"
    if any(run.machine.shared for run in (*before.runs, *after.runs)):
        yield "the machine was shared on purpose in some runs: what others took of it was not judged"


def _reasons(results: Sequence[MeasureResult], change: Shift) -> Iterator[str]:
    """Yield which measures have led to the answer."""
    if not results:
        yield "the runs have no measure in common that has a better or worse"
    led = [
        f"{result.phase}: {result.name}"
        for result in results
        if result.change is change and not result.acknowledged
    ]
    if led and change is not Shift.SAME:
        more = f" and {len(led) - _TOLD} more" if len(led) > _TOLD else ""
        what = counted(len(results), "measure")
        yield f"{change.value}: {len(led)} of {what}: {', '.join(led[:_TOLD])}{more}"
    if change is Shift.WORSE and (left := _open(results)):
        yield f"NOT ENOUGH for {left} of the others"


def _open(results: Sequence[MeasureResult]) -> int:
    return sum(result.change is Shift.NOT_ENOUGH for result in results)
