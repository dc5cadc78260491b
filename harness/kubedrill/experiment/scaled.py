"""The same experiment for a smaller or larger machine: its rates and seeds times a factor (`--scale`)."""

from dataclasses import replace
from pathlib import Path

from kubedrill.errors import BadFile, NotStarted
from kubedrill.experiment.settled import MOST_SEEDED, Experiment, Seed
from kubedrill.reading.arrivals import Arrivals
from kubedrill.reading.rate import MOST_CLIENTS
from kubedrill.reading.types import FASTEST
from kubedrill.reading.units import format_rate, parse_rate
from kubedrill.record.objective import OFFERED, SEEDED, Objective
from kubedrill.record.series import reserved


def scaled(experiment: Experiment, scale: float, file: Path) -> Experiment:
    """Return the experiment with its rates, clients of closed loops and seeds times `scale`.

    Probes, scrapes, bursts and what stands under `with:` stay as they are. BadFile where an objective
    asks for a rate or a number that would have to be scaled, too; NotStarted if there would be too much.
    """
    if scale == 1:
        return experiment
    for asked in experiment.objectives:
        if _is_stiff(asked.objective):
            raise BadFile(file, asked.line, _words(asked.objective))
    seed = {kind: _count(number, scale) for kind, number in experiment.seed.wanted().items()}
    loads = tuple(
        replace(load, arrivals=_arrivals(load.arrivals, scale)) for load in experiment.loads
    )
    _check_sizes(scale, {f"seed.{kind}": number for kind, number in seed.items()}, MOST_SEEDED)
    clients = {f"{load.name}'s clients": load.arrivals.clients for load in loads}
    _check_sizes(scale, clients, MOST_CLIENTS)
    for load in loads:
        fastest = max(rate for _, rate in load.arrivals.points)
        if fastest > parse_rate(FASTEST):
            words = f"{load.name}'s rate would be {format_rate(fastest)}; at most {FASTEST}"
            raise NotStarted(f"--scale {scale:g}: {words}")
    return replace(experiment, seed=Seed(**seed), loads=loads, scale=scale)


def _check_sizes(scale: float, sizes: dict[str, int], most: int) -> None:
    for name, size in sizes.items():
        if size > most:
            raise NotStarted(f"--scale {scale:g}: {name} would be {size:,}; at most {most:,}")


def _arrivals(arrivals: Arrivals, scale: float) -> Arrivals:
    if arrivals.clients:
        return replace(arrivals, clients=_count(arrivals.clients, scale))
    # Digits beyond the ninth are of the multiplication, not of anybody's wish.
    points = tuple((time, round(rate * scale, 9)) for time, rate in arrivals.points)
    return replace(arrivals, points=points)


def _count(number: int, scale: float) -> int:
    """Return a number of things, at least one where there was one."""
    return max(round(number * scale), 1) if number else 0


def _is_stiff(objective: Objective) -> bool:
    """Whether it asks for at least so much of what a load does, or of what is there, in numbers."""
    head = objective.series.partition(".")[0]
    of_load = head not in reserved() and objective.statistic in {"rate", "count"}
    asks = objective.operator in {">", ">=", "=="} and objective.threshold > 0
    return (of_load or head == "objects") and asks and objective.unit in {"1/s", "1"}


def _words(objective: Objective) -> str:
    head = objective.series.partition(".")[0]
    share = f"99% of {SEEDED}, or of LOAD.{OFFERED}" if head == "objects" else f"99% of {OFFERED}"
    return f"{objective.text} would not be scaled with --scale; write it as a share: {share}"
