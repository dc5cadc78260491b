"""Regression: changes for the worse that are known and wanted, in a file: they alarm no more."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

from kubedrill.errors import NotStarted
from kubedrill.reading.problems import Problems
from kubedrill.reading.types import Part, Why
from kubedrill.reading.yaml import load_checked
from kubedrill.regression.found_runs import RunSet
from kubedrill.regression.margins import read_size
from kubedrill.regression.verdict import MeasureResult, Shift
from kubedrill.words import did_you_mean, shown


class KnownChangePart(Part):
    """One change."""

    measure: str
    """As a comparison names it, `list.p99`; with its phase, `fault: list.p99`, in that one alone."""
    experiment: str
    why: Why
    label: str | None = None
    """The label, KEY=VALUE, of the runs in which it is so."""
    since: str | None = None
    """The moment from which on runs began in which it is so."""
    at_most: str | None = None
    """Worse than by this it alarms all the same: 30% of the baseline; of a share, as many points."""


class KnownChangesFile(Part):
    """`acknowledged.yaml`."""

    acknowledged: tuple[KnownChangePart, ...]


def acknowledge(
    results: Sequence[MeasureResult], file: Path, names: Collection[str], candidate: RunSet
) -> list[MeasureResult]:
    """Return what came of each measure, with why it is known where a file says so.

    `names` are those of all measures that the runs have. BadFile names what is wrong, with its line.
    """
    read, source = load_checked(file, KnownChangesFile)
    problems = Problems(source)
    experiment = candidate.runs[0].report.experiment
    applied: list[KnownChangePart] = []
    for index, known in enumerate(read.acknowledged):
        place = ("acknowledged", index)
        since = _moment(known, (*place, "since"), problems)
        _check(known, place, problems)
        if known.experiment != experiment:
            continue
        if known.measure not in names:
            near = did_you_mean(known.measure, names)
            problems.add((*place, "measure"), f'unknown measure "{shown(known.measure)}"{near}')
        if _holds(known, since, candidate):
            applied.append(known)
    problems.stop()
    return [_acknowledged(result, applied) for result in results]


def _names(result: MeasureResult) -> tuple[str, str]:
    return result.name, f"{result.phase}: {result.name}"


def _check(known: KnownChangePart, place: tuple[str | int, ...], problems: Problems) -> None:
    if known.label is None and known.since is None:
        problems.add(place, "says neither label nor since: of which runs is it known?")
    if known.label is not None and "=" not in known.label:
        problems.add((*place, "label"), f'"{shown(known.label)}" is no label; write KEY=VALUE')
    if known.at_most is not None:
        try:
            read_size(known.at_most, "at_most", named=True)
        except NotStarted as error:
            problems.add((*place, "at_most"), str(error))


def _moment(
    known: KnownChangePart, place: tuple[str | int, ...], problems: Problems
) -> datetime | None:
    """Read from when on it is known; without a time zone it is UTC, as runs are named."""
    if known.since is None:
        return None
    try:
        moment = datetime.fromisoformat(known.since)
    except ValueError:
        problems.add(place, f'"{shown(known.since)}" is no moment; write 2031-05-01')
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _holds(known: KnownChangePart, since: datetime | None, candidate: RunSet) -> bool:
    """Whether all runs of the candidate are such that it is known of them."""
    key, _, value = (known.label or "").partition("=")
    labelled = known.label is None or candidate.labels.get(key) == [value]
    carried = all(key in run.started.labels for run in candidate.runs) or known.label is None
    begun = (datetime.fromisoformat(run.report.phases[0].date) for run in candidate.runs)
    return labelled and carried and (since is None or all(moment >= since for moment in begun))


def _acknowledged(result: MeasureResult, applied: Sequence[KnownChangePart]) -> MeasureResult:
    if result.change is not Shift.WORSE:
        return result
    for known in applied:
        if known.measure in _names(result) and not _is_beyond(result, known):
            return result.model_copy(update={"acknowledged": known.why})
    return result


def _is_beyond(result: MeasureResult, known: KnownChangePart) -> bool:
    """Whether a change is larger than the one that is known."""
    if known.at_most is None or result.effect is None:
        return False
    size = read_size(known.at_most, "at_most", named=True)
    if result.scale == "difference":
        return abs(result.effect) > size
    return max(result.effect, 1 / result.effect) > 1 + size
