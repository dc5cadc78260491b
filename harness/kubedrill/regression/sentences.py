"""Regression: how figures, effects and answers read; one wording for all views."""

from collections.abc import Iterator
from statistics import fmean

from kubedrill.regression.verdict import ChangeResult, MeasureResult, RegressionReport
from kubedrill.report import figures
from kubedrill.words import counted, few

_POINTS = " pt"
"""Percentage points."""


def headline(report: RegressionReport) -> str:
    """Return what was compared: `kill: release=2.4 against release=2.3, 8 runs against 8`."""
    sides = f"{report.candidate.asked} against {report.baseline.asked}"
    counts = f"{counted(len(report.candidate.runs), 'run')} against {len(report.baseline.runs)}"
    name = f"{report.experiment}: " if report.experiment else ""
    return f"{name}{sides}, {counts}"


def mean(result: MeasureResult, *, of_candidate: bool) -> str:
    """Return the mean of a side, in the measure's unit; `-` where nobody knows it."""
    value = result.candidate_mean if of_candidate else result.baseline_mean
    known = [
        each for each in (result.candidate if of_candidate else result.baseline) if each is not None
    ]
    if value is None and known:
        value = fmean(known)
    return figures.figure(value, result.unit)


def effect(result: MeasureResult | ChangeResult) -> str:
    """Return how much it is: `x1.213`, `+0.12 pt` (points), `-3`."""
    if result.effect is None:
        return figures.NOTHING
    return (
        f"x{result.effect:.3f}" if result.scale == "ratio" else _signed(result.effect, result.unit)
    )


def interval(result: MeasureResult) -> str:
    """Return from where to where: `1.152 to 1.271`, `-0.01 to +0.12 pt`."""
    if result.low is None or result.high is None:
        return figures.NOTHING
    if result.scale == "ratio":
        return f"{result.low:.3f} to {result.high:.3f}"
    low, high = (_signed(value, result.unit) for value in (result.low, result.high))
    return f"{low.removesuffix(_POINTS)} to {high}"


def threshold(result: MeasureResult) -> str:
    """Return what is worth speaking of: `10 %`, `0.1 pt`, `1`; `-` of what was 0 in each run."""
    if not result.threshold:
        return figures.NOTHING
    if result.scale == "ratio":
        return f"{100 * result.threshold:.3g} %"
    return _difference(result.threshold, result.unit)


def _signed(value: float, unit: str) -> str:
    sign = "+" if value > 0 else "-" if value < 0 else ""
    return f"{sign}{_difference(abs(value), unit)}"


def _difference(value: float, unit: str) -> str:
    return f"{100 * value:.3g}{_POINTS}" if unit == "ratio" else figures.figure(value, unit)


def open_lines(report: RegressionReport) -> Iterator[str]:
    """Yield why measures are open, or alarm no more; those with the same reason together."""
    told: dict[str, list[str]] = {}
    for result in report.measures:
        why = f"acknowledged: {result.acknowledged}" if result.acknowledged else result.reason
        if why:
            told.setdefault(why, []).append(f"{result.phase}: {result.name}")
    for why, names in told.items():
        yield f"{few(', '.join(names))}: {why}"
