"""Regression: from the values of two sides to an answer for each measure, and one for all of them.

WORSE and BETTER: chance alone would not do as much (all measures together, Holm), the interval leaves out
that nothing has changed, and the effect is worth speaking of. SAME: the whole interval is not. Else the runs
are NOT ENOUGH: that no difference was seen is no proof that there is none.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kubedrill.regression.margins import Margins, Scaled, scaled
from kubedrill.regression.measures import Measure, RunValue
from kubedrill.regression.resampling import Effect, effect, least_chance, together
from kubedrill.regression.verdict import MeasureResult, Shift

CONFIDENCE = 0.95
FEWEST = 5
"""Runs of a side. Of 4 and 4 chance alone does as much as can be in 2.9 % of cases: of two measures none
could be told to be worse; and 4 values have 35 resamples, which are no distribution."""
_MOST_RUNS = 100
"""More than this nobody plays: what would take more cannot be told this way."""

ByMeasure = Mapping[Measure, Sequence[RunValue]]
"""Of each measure, a value of each run."""


@dataclass(frozen=True, slots=True)
class Terms:
    """By what it is decided."""

    confidence: float = CONFIDENCE
    margins: Margins = field(default_factory=Margins)

    @property
    def risk(self) -> float:
        """How often, at most, two sides that are the same may be told to be not."""
        return 1 - self.confidence


@dataclass(frozen=True, slots=True)
class _Pair:
    """A measure, and what the runs of both sides say of it."""

    measure: Measure
    baseline: Sequence[RunValue]
    candidate: Sequence[RunValue]

    @property
    def why_not(self) -> str:
        """Why it cannot be compared; "" if it can."""
        for name, side in (("baseline", self.baseline), ("candidate", self.candidate)):
            if len(side) < FEWEST:
                return f"the {name} has {len(side)} of the {FEWEST} runs that are needed at least"
            if unknown := sum(value.number is None for value in side):
                return f"not known in {unknown} of {len(side)} runs of the {name}"
        return ""

    def compared(self, terms: Terms) -> "_Compared":
        """Put the values on their scale, and compare them."""
        before, after = (
            np.array([value.number for value in side], dtype=np.float64)
            for side in (self.baseline, self.candidate)
        )
        on_scale = scaled(self.measure, before, after, terms.margins)
        found = effect(on_scale.baseline, on_scale.candidate, terms.confidence)
        return _Compared(on_scale, found)


@dataclass(frozen=True, slots=True)
class _Compared:
    """A measure that could be compared."""

    scaled: Scaled
    effect: Effect


def decide(baseline: ByMeasure, candidate: ByMeasure, terms: Terms) -> list[MeasureResult]:
    """Return what came of each measure that both sides have, in the baseline's order."""
    pairs = [
        _Pair(measure, values, candidate[measure])
        for measure, values in baseline.items()
        if measure in candidate
    ]
    compared = {pair.measure: pair.compared(terms) for pair in pairs if not pair.why_not}
    chances = together([known.effect.chance for known in compared.values()])
    risks = dict(zip(compared, chances, strict=True))
    return [
        _result(pair, compared[pair.measure], risks[pair.measure], terms)
        if pair.measure in compared
        else _unknown(pair, pair.why_not)
        for pair in pairs
    ]


def overall(results: Sequence[MeasureResult]) -> Shift:
    """Return what all measures together say: the gravest of what each says."""
    found = {Shift.KNOWN if result.acknowledged else result.change for result in results}
    if not results:
        return Shift.NOT_ENOUGH
    graver = (Shift.WORSE, Shift.NOT_ENOUGH, Shift.KNOWN, Shift.BETTER)
    return next((change for change in graver if change in found), Shift.SAME)


def too_few(runs: tuple[int, int], measures: int, terms: Terms) -> str:
    """Return that so few runs cannot tell any of so many measures to be worse, and how many can; or ""."""
    if not measures or measures * least_chance(*runs) <= terms.risk:
        return ""
    can = (n for n in range(FEWEST, _MOST_RUNS) if measures * least_chance(n, n) <= terms.risk)
    wanted = next(can, _MOST_RUNS)
    return (
        f"of {measures} measures none alone can be told to be worse by {runs[0]} and {runs[1]} runs; "
        f"{wanted} a side can, or fewer measures (--measure)"
    )


def _result(pair: _Pair, compared: _Compared, chance: float, terms: Terms) -> MeasureResult:
    found, on_scale = compared.effect, compared.scaled
    change = _change(pair.measure, found, on_scale.margin, chance <= terms.risk)
    reason = (
        _open(found, on_scale.margin, len(pair.candidate)) if change is Shift.NOT_ENOUGH else ""
    )
    if doubt := _only_at_least(pair, change):
        change, reason = Shift.NOT_ENOUGH, doubt
    return _unknown(pair, reason).model_copy(
        update={
            "scale": "ratio" if on_scale.is_ratio else "difference",
            "baseline_mean": on_scale.shown(float(on_scale.baseline.mean())),
            "candidate_mean": on_scale.shown(float(on_scale.candidate.mean())),
            "effect": on_scale.shown(found.estimate),
            "low": on_scale.shown(found.low),
            "high": on_scale.shown(found.high),
            "threshold": on_scale.said,
            "chance": chance,
            "change": change,
        }
    )


def _unknown(pair: _Pair, reason: str) -> MeasureResult:
    measure = pair.measure
    return MeasureResult(
        phase=measure.phase,
        name=measure.name,
        unit=measure.unit,
        lower_is_better=measure.lower_is_better,
        baseline=[value.number for value in pair.baseline],
        candidate=[value.number for value in pair.candidate],
        change=Shift.NOT_ENOUGH,
        reason=reason,
    )


def _change(measure: Measure, found: Effect, margin: float, sure: bool) -> Shift:
    if found.low == found.high == 0 or -margin < found.low <= found.high < margin:
        return Shift.SAME
    if sure and not found.low <= 0 <= found.high and abs(found.estimate) >= margin:
        more = found.estimate > 0
        return Shift.WORSE if more == measure.lower_is_better else Shift.BETTER
    return Shift.NOT_ENOUGH


def _only_at_least(pair: _Pair, change: Shift) -> str:
    """Return why an answer does not stand where some values are only what they are at least; or ""."""
    before, after = (
        sum(value.at_least for value in side) for side in (pair.baseline, pair.candidate)
    )
    stands = not before and (change is Shift.WORSE) == pair.measure.lower_is_better
    if not before + after or (stands and change in {Shift.WORSE, Shift.BETTER}):
        return ""  # a candidate that is at least so high is higher still
    return f"{before + after} values are only what they are at least: requests were cut at the end"


def _open(found: Effect, margin: float, runs: int) -> str:
    """Return what an interval leaves open, and how many runs might tell, if that can be said."""
    crosses = found.low <= 0 <= found.high
    words = (
        "it may be the same, and it may be not" if crosses else "it differs; not surely by so much"
    )
    room = margin - abs(found.estimate) if abs(found.estimate) < margin else abs(found.estimate)
    half = (found.high - found.low) / 2
    wanted = math.ceil(runs * (half / room) ** 2) if room > 0 else math.inf
    if wanted <= runs:
        return f"{words}; among so many measures, chance may have done it"
    return words + (f"; about {wanted} runs a side may tell" if wanted <= _MOST_RUNS else "")
