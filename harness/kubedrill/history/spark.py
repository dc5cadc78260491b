"""History: a trend as a small picture without axes, readable without any script."""

from dataclasses import dataclass

from kubedrill.history.trends import Figure, Trend
from kubedrill.record.verdict import Verdict
from kubedrill.report import figures

WIDTH, HEIGHT, EDGE = 180.0, 30.0, 4.0
"""In pixels; points keep off the edges."""
MOST = 90
"""More runs than this are drawn as their newest."""


@dataclass(frozen=True, slots=True)
class Spark:
    """A line through the values, a mark for each that did not hold and for the last, and what was asked."""

    line: str
    missed: tuple[tuple[float, float], ...]
    last: tuple[float, float]
    asked: float | None
    """Where the threshold lies; None where that is far from all values."""
    words: str


def spark(trend: Trend) -> Spark:
    """Return the picture of a trend, and what it shows in words."""
    shown = trend.figures[-MOST:]
    values = [figure.value for figure in shown]
    low, high = min(values), max(values)
    threshold = trend.last.asked.threshold
    # A threshold that is far away would press all values flat; the text beside says what it is.
    near = low - 2 * (high - low) <= threshold <= high + 2 * (high - low)
    if near:
        low, high = min(low, threshold), max(high, threshold)
    places = [
        (_across(number, len(shown)), _down(value, low, high))
        for number, value in enumerate(values)
    ]
    held = [figure.asked.verdict is Verdict.PASS for figure in shown]
    return Spark(
        line=" ".join(f"{x:.1f},{y:.1f}" for x, y in places),
        missed=tuple(place for place, good in zip(places, held, strict=True) if not good),
        last=places[-1],
        asked=_down(threshold, low, high) if near else None,
        words=_words(trend, shown),
    )


def _across(number: int, count: int) -> float:
    return EDGE + (WIDTH - 2 * EDGE) * (number / (count - 1) if count > 1 else 0.5)


def _down(value: float, low: float, high: float) -> float:
    share = (value - low) / (high - low) if high > low else 0.5
    return EDGE + (HEIGHT - 2 * EDGE) * (1 - share)


def _words(trend: Trend, shown: tuple[Figure, ...]) -> str:
    unit = trend.last.asked.unit
    values = [figure.value for figure in shown]
    low, high = (figures.figure(value, unit) for value in (min(values), max(values)))
    missed = sum(figure.asked.verdict is not Verdict.PASS for figure in shown)
    return f"{len(shown)} runs, {low} to {high}, {missed} of them did not hold"
