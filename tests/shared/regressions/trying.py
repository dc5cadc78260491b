"""Comparisons of runs that were drawn from those that were played: what is answered, how often."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from kubedrill.regression.deciding import ByMeasure, Terms, decide, overall
from kubedrill.regression.measures import RunValue
from kubedrill.regression.verdict import Shift
from regressions.playing import LEVELS, ShortRun, measure

RUNS = 8
"""Of each side."""
NORMAL = next(iter(LEVELS))


def read(path: Path) -> list[ShortRun]:
    """Return runs that were kept, a line each."""
    return [ShortRun(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def of_level(runs: Iterable[ShortRun], level: str) -> list[ShortRun]:
    return [run for run in runs if run.level == level]


def table(runs: Sequence[ShortRun]) -> ByMeasure:
    """Return what the runs measured, as it is compared."""
    return {
        measure(name): [RunValue(run.values.get(name)) for run in runs] for name in runs[0].values
    }


def answer(baseline: Sequence[ShortRun], candidate: Sequence[ShortRun]) -> Shift:
    """Return what all measures together say."""
    return overall(decide(table(baseline), table(candidate), Terms()))


def tries(
    runs: Sequence[ShortRun], level: str, how_many: int, seed: int = 13, each: int = RUNS
) -> Counter[Shift]:
    """Return how often what is answered, to so many runs of both sides that are drawn without return."""
    drawn = np.random.default_rng(seed)
    normal, slowed = of_level(runs, NORMAL), of_level(runs, level)
    found: Counter[Shift] = Counter()
    for _ in range(how_many):
        picked = [normal[n] for n in drawn.permutation(len(normal))]
        others = (
            picked[each:]
            if level == NORMAL
            else [slowed[n] for n in drawn.permutation(len(slowed))]
        )
        found[answer(picked[:each], others[:each])] += 1
    return found


def false_alarms(found: Counter[Shift]) -> int:
    return found[Shift.WORSE] + found[Shift.BETTER]
