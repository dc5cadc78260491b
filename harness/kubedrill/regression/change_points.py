"""Regression: where a series of values changed its level, and how sure that is. Pure arithmetic.

The split that parts the values best is tried against the same in series shuffled by chance; where it stands,
what is before and after it is searched in turn.
"""

from dataclasses import dataclass

import numpy as np

from kubedrill.regression.resampling import Values

SHUFFLES = 9999
"""The same ones each time."""
SHORTEST = 5
"""Values on either side of a change: fewer are no level."""


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """A level that ended, and another that began."""

    index: int
    """Of the first value of the new level."""
    chance: float
    """How often a series without a change has a split that parts it as well, 0..1."""


def change_points(values: Values, risk: float) -> list[ChangePoint]:
    """Return the changes of level that chance makes at most so often, in their order."""
    if len(values) < 2 * SHORTEST:
        return []
    index, chance = _best(values)
    if chance > risk:
        return []
    before, after = (change_points(part, risk) for part in (values[:index], values[index:]))
    moved = (ChangePoint(point.index + index, point.chance) for point in after)
    return [*before, ChangePoint(index, chance), *moved]


def _best(values: Values) -> tuple[int, float]:
    """Return the split that parts the values best, and how often chance parts them as well."""
    observed = _parted(values[np.newaxis])[0]
    index = int(observed.argmax()) + SHORTEST
    rows = np.tile(values, (SHUFFLES, 1))
    shuffled = np.random.default_rng(0).permuted(rows, axis=1)
    near = 1e-9 * float(np.abs(values).max())
    as_well = int((_parted(shuffled).max(axis=1) >= observed.max() - near).sum())
    return index, (as_well + 1) / (SHUFFLES + 1)


def _parted(rows: Values) -> Values:
    """Return of each row and each split how far apart its sides' means are, in what chance makes of them."""
    total = rows.shape[1]
    sizes = np.arange(SHORTEST, total - SHORTEST + 1)
    sums = rows.cumsum(axis=1)
    left = sums[:, sizes - 1] / sizes
    right = (sums[:, -1:] - sums[:, sizes - 1]) / (total - sizes)
    found: Values = np.abs(left - right) * np.sqrt(sizes * (total - sizes) / total)
    return found
