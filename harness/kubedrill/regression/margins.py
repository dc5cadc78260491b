"""Regression: from which size on a change is worth speaking of, and the scale on which it is measured."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kubedrill.errors import NotStarted
from kubedrill.reading.units import UnitError, parse_quantity
from kubedrill.regression.measures import Measure
from kubedrill.regression.resampling import Values
from kubedrill.words import shown

SHARE = 0.1
"""Of the baseline: what a run of 60 s tells from the next, and what people notice of latencies."""
POINTS = 0.001
"""Of what is a share itself: a tenth of a percentage point, as much as separates 99.9 % from all."""
COUNT = 1.0
"""Of what is counted, and is few."""
FEW = 10
"""What is fewer than this is counted: 1 against 2 elections is no doubling worth the name."""
_EXAMPLES = "write 10%, list.p99=5% or fault.time_to_detect=20%"
_NAMED = re.compile(r"^(?:(?P<name>[^=]+)=)?(?P<size>[^=]+)$")


@dataclass(frozen=True, slots=True)
class Margins:
    """What is worth speaking of, of each measure: what is smaller than that is the same."""

    share: float = SHARE
    by_name: Mapping[str, float] = field(default_factory=dict)
    """By a measure's name, or its title: a share of the baseline, points / 100 of a share, or a number."""

    @classmethod
    def read(cls, texts: Sequence[str]) -> "Margins":
        """Read `10%`, and `list.p99=5%` for a measure alone; NotStarted if one of them is neither."""
        share, by_name = SHARE, dict[str, float]()
        for text in texts:
            found = _NAMED.match(text)
            if found is None:
                raise NotStarted(f"--threshold {shown(text)}: {_EXAMPLES}")
            size = read_size(found["size"], f"--threshold {shown(text)}", named=bool(found["name"]))
            if found["name"]:
                by_name[found["name"].strip()] = size
            else:
                share = size
        return cls(share, by_name)

    def named(self, measure: Measure) -> float | None:
        """Return what was said of a measure itself; None if nothing was."""
        return self.by_name.get(measure.title, self.by_name.get(measure.name))


def read_size(text: str, where: str, *, named: bool) -> float:
    """Read a size: a share as a part of 1, or a number where a measure is named; NotStarted if it is none."""
    try:
        found = parse_quantity(text)
    except UnitError as error:
        raise NotStarted(f"{where}: {error}") from None
    if found.unit != "ratio" and not (named and found.unit == "1"):
        raise NotStarted(f"{where}: is no share; {_EXAMPLES}")
    if found.value <= 0:
        raise NotStarted(
            f"{where}: must be more than 0: no two sets of runs are the same to the last digit"
        )
    return found.value


@dataclass(frozen=True, slots=True)
class Scaled:
    """The values of two sides on the scale on which they are compared."""

    baseline: Values
    candidate: Values
    is_ratio: bool
    """Whether they are logarithms, so that a difference of means is a ratio."""
    margin: float
    """What is worth speaking of, on the scale."""
    said: float
    """The same as people say it: a share of the baseline, or a difference in the measure's unit."""

    @property
    def apart(self) -> float:
        """How far the candidate's mean is above the baseline's."""
        return float(self.candidate.mean() - self.baseline.mean())

    def shown(self, value: float) -> float:
        """Return a value of the scale as people say it: a ratio, or as it is."""
        return math.exp(value) if self.is_ratio else value


def scaled(measure: Measure, baseline: Values, candidate: Values, margins: Margins) -> Scaled:
    """Put values on a scale: ratios; differences where a share, few of something, or a 0 is among them."""
    both = np.concatenate([baseline, candidate])
    named = margins.named(measure)
    if measure.unit == "ratio":
        return _apart(baseline, candidate, POINTS if named is None else named)
    if measure.unit == "1" and both.min() < FEW:
        return _apart(baseline, candidate, COUNT if named is None else named)
    share = margins.share if named is None else named
    if both.min() <= 0:
        # Of nothing there is no multiple: the difference counts, beside the larger of both.
        larger = max(abs(float(baseline.mean())), abs(float(candidate.mean())))
        return _apart(baseline, candidate, share * larger)
    return Scaled(np.log(baseline), np.log(candidate), True, float(np.log1p(share)), share)


def _apart(baseline: Values, candidate: Values, margin: float) -> Scaled:
    return Scaled(baseline, candidate, False, margin, margin)
