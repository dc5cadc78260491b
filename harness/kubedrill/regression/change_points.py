"""Regression: where a series of values changed its level, and how sure that is. Pure arithmetic.

The stretch that differs most from the rest is held against the same in series shuffled by chance (circular
binary segmentation): a level that came and went is a stretch, too. What is before, in and after it is
searched in turn, and edges that part nothing are taken back.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kubedrill.regression.resampling import Values, chance

Edges = NDArray[np.int64]

SHUFFLES = 999
"""The same ones each time."""
SHORTEST = 5
"""Values of a level: fewer are none."""
MOST = 300
"""Values that are searched: the time for it grows with the square of their number."""
_AT_ONCE = 50
"""Shuffled series that are looked at together: of 300 values there are 40,000 stretches in each."""
_LAST_DIGITS = 1e-9


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """A level that ended, and another that began."""

    index: int
    """Of the first value of the new level."""
    chance: float
    """How often a series without a change has a stretch that differs as much, 0..1."""


def change_points(values: Values, risk: float) -> list[ChangePoint]:
    """Return the changes of level that chance makes at most so often, in their order.

    Of at most MOST values.
    """
    found = sorted(_searched(values, 0, risk), key=lambda point: point.index)
    while weak := _weakest(values, found, risk):
        found.remove(weak)
    return found


def _searched(values: Values, offset: int, risk: float) -> Iterator[ChangePoint]:
    if len(values) < 2 * SHORTEST:
        return
    begin, end, by_chance = _stretch(values)
    if by_chance > risk:
        return
    edges = [edge for edge in (begin, end) if 0 < edge < len(values)]
    yield from (ChangePoint(offset + edge, by_chance) for edge in edges)
    for first, last in pairwise([0, *edges, len(values)]):
        yield from _searched(values[first:last], offset + first, risk)


def _stretch(values: Values) -> tuple[int, int, float]:
    """Return the stretch that differs most from the rest, and how often chance makes as much."""
    begins, ends = _stretches(len(values))
    observed = _apart(values[np.newaxis], begins, ends)[0]
    best = int(observed.argmax())
    least = observed[best] - _LAST_DIGITS * float(np.abs(values).max())
    drawn, as_much = np.random.default_rng(0), 0
    for first in range(0, SHUFFLES, _AT_ONCE):
        rows = np.tile(values, (min(_AT_ONCE, SHUFFLES - first), 1))
        shuffled = drawn.permuted(rows, axis=1)
        as_much += int((_apart(shuffled, begins, ends).max(axis=1) >= least).sum())
    return int(begins[best]), int(ends[best]), (as_much + 1) / (SHUFFLES + 1)


def _stretches(total: int) -> tuple[Edges, Edges]:
    """Return begins and ends of all stretches that leave levels, or nothing, on either side."""
    edges = [0, *range(SHORTEST, total - SHORTEST + 1), total]
    pairs = [
        (begin, end)
        for begin in edges
        for end in edges
        if SHORTEST <= end - begin <= total - SHORTEST
    ]
    begins, ends = np.array(pairs, dtype=np.int64).T
    return begins, ends


def _apart(rows: Values, begins: Edges, ends: Edges) -> Values:
    """Return of each row and stretch how far it is from the rest, in what chance makes of such lengths."""
    total = rows.shape[1]
    sums = np.concatenate([np.zeros((len(rows), 1)), rows.cumsum(axis=1)], axis=1)
    within, lengths = sums[:, ends] - sums[:, begins], ends - begins
    rest = (sums[:, -1:] - within) / (total - lengths)
    found: Values = np.abs(within / lengths - rest) * np.sqrt(lengths * (total - lengths) / total)
    return found


def _weakest(values: Values, found: list[ChangePoint], risk: float) -> ChangePoint | None:
    """Return the point whose levels chance would part most often, if it would more often than `risk`."""
    edges = [0, *(point.index for point in found), len(values)]
    chances = [
        chance(values[first:middle], values[middle:last])
        for first, middle, last in zip(edges, edges[1:], edges[2:], strict=False)
    ]
    worst = max(chances, default=0.0)
    return found[chances.index(worst)] if worst > risk else None
