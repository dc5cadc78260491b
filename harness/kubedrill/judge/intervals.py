"""Judge: between which values a quantile lies with 95 % confidence, by bootstrap (scipy's)."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Statistic = Callable[..., Any]

LEVEL = 0.95
RESAMPLES = 1999
"""So many samples are drawn, the same ones whenever a run is judged."""
FEWEST = 5
"""Of fewer values, or bursts, than these no sample tells how another one would be."""
NEVER = 1e12
"""What never came, in seconds: an infinite number has no place between others."""


def quantile_interval(
    groups: Sequence[Sequence[float]], share: float
) -> tuple[float, float] | None:
    """Return from where to where the quantile of all values lies; infinite for what never came.

    `groups`: the values of each burst. Values of one burst depend on each other, so that whole bursts are
    drawn where there are several; of a single one its values are, which tells nothing of another burst.
    None of too few, and where scipy is not installed.
    """
    try:
        from scipy.stats import bootstrap
    except ImportError:
        return None
    values = [np.minimum(np.asarray(group, dtype=float), NEVER) for group in groups]
    data, of_sample = _alone(values[0], share) if len(values) == 1 else _together(values, share)
    if len(data) < FEWEST:
        return None
    found = bootstrap(
        (data,),
        of_sample,
        n_resamples=RESAMPLES,
        vectorized=len(values) == 1,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return _seconds(found.low), _seconds(found.high)


def _alone(values: Floats, share: float) -> tuple[Floats, Statistic]:
    """Return what is drawn from one burst, its nodes, and the quantile of samples of them."""
    return values, partial(np.quantile, q=share, method="inverted_cdf")


def _together(values: Sequence[Floats], share: float) -> tuple[Floats, Statistic]:
    """Return what is drawn from several, their numbers, and the quantile of all values of a sample."""

    def of_sample(chosen: Floats) -> float:
        pooled = np.concatenate([values[int(index)] for index in chosen])
        return float(np.quantile(pooled, share, method="inverted_cdf"))

    return np.arange(len(values), dtype=float), of_sample


def _seconds(bound: float) -> float:
    """Return a bound; infinite where some of its samples were of what never came."""
    return math.inf if bound > NEVER / RESAMPLES else float(bound)
