"""History: each objective over the runs that can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass

from kubedrill.history.past import PastObjective, PastRun

_SCALES: dict[str, tuple[tuple[float, str], ...]] = {
    "s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")),
    "ratio": ((0.01, "%"),),
    "bytes": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")),
    "bytes/s": ((1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s"), (1.0, "B/s")),
    "1/s": ((1.0, "/s"),),
    "cpu": ((1.0, "cores"),),
}
"""By base unit, those that figures are drawn in, the largest first."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One run's value of a trend, in its base unit."""

    run: PastRun
    value: float
    asked: PastObjective


@dataclass(frozen=True, slots=True)
class Trend:
    """What an objective asks about in one phase, run after run."""

    experiment: str
    phase: str
    name: str
    figures: tuple[Figure, ...]
    """In the order of time; at least one."""
    unmeasured: int
    """Runs in which it was asked for, and had no value."""

    @property
    def last(self) -> Figure:
        """The newest one."""
        return self.figures[-1]

    @property
    def scale(self) -> tuple[float, str]:
        """How much one of the unit is in which it is drawn, and that unit."""
        scales = _SCALES.get(self.last.asked.unit, ((1.0, ""),))
        usual = sorted(abs(figure.value) for figure in self.figures)[len(self.figures) // 2]
        return next((step for step in scales if usual >= step[0]), scales[-1])


def trends(runs: Sequence[PastRun]) -> list[Trend]:
    """Return each objective of each experiment, as its newest run has them in order, then older ones."""
    found: dict[tuple[str, str, str, str], list[Figure]] = {}
    without: dict[tuple[str, str, str, str], int] = {}
    for run in reversed([run for run in runs if run.standing.trusted]):
        for asked in run.objectives:
            key = (run.experiment, asked.phase, asked.name, asked.unit)
            known = found.setdefault(key, [])
            if asked.value is None:
                without[key] = without.get(key, 0) + 1
            else:
                known.append(Figure(run, asked.value, asked))
    made = [
        Trend(experiment, phase, name, tuple(reversed(figures)), without.get(key, 0))
        for key, figures in found.items()
        if figures
        for experiment, phase, name, _ in [key]
    ]
    return sorted(made, key=lambda trend: trend.experiment)
