"""Check that prober, scraper and load have something to do in the phases, as often as a file says."""

from collections.abc import Sequence
from itertools import pairwise

from kubedrill.experiment.schema import ExperimentFile, LoadPart
from kubedrill.reading.arrivals import Arrivals
from kubedrill.reading.problems import Location, Problems, dotted
from kubedrill.reading.rate import RateShape
from kubedrill.reading.types import Part
from kubedrill.reading.units import format_duration
from kubedrill.record.schedule import ProbeRates, ScheduledLoad, Scraping

MOST_ARRIVALS = 1e9
"""Of one load: its samples are 28 GB."""


def check_observed(file: ExperimentFile, problems: Problems) -> None:
    """Add a problem for each probing rate and scraping period that leaves a phase without a look.

    The usual ones, which nobody has chosen, are not judged.
    """
    judged = [name for name in file.phases if file.slos.get(name)] or [*file.phases]
    shortest = min(judged, key=lambda name: file.phases[name])
    for name, rate in _chosen(file.probing.rates, ProbeRates()):
        length = file.phases[shortest]
        if rate * length < 1:
            place: Location = ("probing", "rates", name)
            problems.add(
                place,
                f"{dotted(place)}: no probe falls into the phase {shortest} of "
                f"{format_duration(length)}; ask more often",
            )
    longest = max(file.phases.values())
    for name, period in _chosen(file.scraping, Scraping()):
        if period > longest:
            place = ("scraping", name)
            problems.add(
                place,
                f"{dotted(place)}: no phase lasts as long as {format_duration(period)}; "
                f"the longest is {format_duration(longest)}",
            )


def check_warmup(file: ExperimentFile, loads: Sequence[ScheduledLoad], problems: Problems) -> None:
    """Add a problem where a load can never be steady, or where none presses when the drill begins."""
    if file.warmup is None:
        return
    first = next(iter(file.phases))
    pressing = [load for load in loads if load.presses(first)]
    if not pressing:
        problems.add(("warmup",), f"warmup: no load presses in the first phase, {first}")
    for load in pressing:
        if len({rate for _, rate in load.arrivals.points}) > 1:
            problems.add(("warmup",), f"warmup: {load.name} changes its rate, and is never steady")
        if load.workers:
            words = f"warmup: the workers of {load.name} are on other machines; press from this one"
            problems.add(("warmup",), words)


def _chosen(part: Part, usual: Part) -> list[tuple[str, float]]:
    return [(name, value) for name, value in part if value != getattr(usual, name)]


def check_arrivals(load: LoadPart, arrivals: Arrivals, file: ExperimentFile) -> None:
    """Raise ValueError if a rate changes only when the load has ended, or amounts to too many arrivals.

    A recorded series may be longer than the drill that begins to play it.
    """
    phases = load.phases or [*file.phases]
    presses_s = round(sum(length for name, length in file.phases.items() if name in phases), 9)
    late = next((begin for begin in _changes(load, arrivals) if begin >= presses_s), None)
    if late is not None:
        raise ValueError(
            f"what begins at {format_duration(late)} never comes: "
            f"the load presses for {format_duration(presses_s)} in all"
        )
    if (expected := arrivals.expected(presses_s)) > MOST_ARRIVALS:
        raise ValueError(f"are {expected:,.0f} arrivals in all; at most {MOST_ARRIVALS:,.0f}")


def _changes(load: LoadPart, arrivals: Arrivals) -> list[float]:
    """Return when the rate begins to change, as its author says; a spike's end is none of them."""
    if not isinstance(load.rate, RateShape) or load.rate.recorded:
        return []
    if load.rate.spike:
        return [load.rate.spike.at]
    return [begin for (begin, first), (_, last) in pairwise(arrivals.points) if first != last]
