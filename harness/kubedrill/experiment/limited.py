"""Check an experiment's loads and seeds against what the cluster's file allows at most.

Faults are checked where it is known what they take away: `kubedrill.faults.limited`.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from kubedrill.experiment.settled import STORED, Experiment
from kubedrill.reading.problems import Location, Problems
from kubedrill.reading.units import format_rate
from kubedrill.record.catalogue import Catalogue, Makes, may_create
from kubedrill.record.limits import Limits
from kubedrill.record.schedule import ScheduledLoad

Excess = tuple[Location, str]
"""Where something is too much, and the words that say so."""


def check_limits(experiment: Experiment, catalogue: Catalogue, problems: Problems) -> None:
    """Raise BadFile with file and line of both where an experiment, scaled, goes beyond a limit."""
    for limits in catalogue.limits:
        for place, why in _found(experiment, catalogue, limits):
            problems.add(place, why)
    problems.stop()


def closed(experiment: Experiment, limits: Sequence[Limits]) -> str:
    """Return why the faults of a drill that begins now must not be injected by their times; or ""."""
    if not experiment.faults:
        return ""
    begin = datetime.now(UTC)
    end = begin + timedelta(seconds=max(fault.latest_s for fault in experiment.faults))
    return next(filter(None, (limit.closed(begin, end) for limit in limits)), "")


def _found(experiment: Experiment, catalogue: Catalogue, limits: Limits) -> Iterator[Excess]:
    yield from _pressure(experiment, limits)
    made = [_made(number, experiment, catalogue) for number in range(len(experiment.loads))]
    yield from _stored(experiment, limits, made)


def _pressure(experiment: Experiment, limits: Limits) -> Iterator[Excess]:
    """Yield where the loads of a phase together come too fast, or have too many clients."""
    allowed = limits.allowed
    for phase in experiment.phases:
        pressing = [
            (number, load.arrivals)
            for number, load in enumerate(experiment.loads)
            if load.presses(phase.name)
        ]
        rate = sum(max(rate for _, rate in arrivals.points) for _, arrivals in pressing)
        if allowed.rate is not None and rate > allowed.rate:
            number = max(pressing, key=lambda load: max(rate for _, rate in load[1].points))[0]
            words = f"{format_rate(rate)} together in phase {phase.name}"
            yield (
                ("load", number, "rate"),
                f"{words}, and {limits.said('rate', format_rate(allowed.rate))}",
            )
            return
        clients = sum(arrivals.clients for _, arrivals in pressing)
        if allowed.clients is not None and clients > allowed.clients:
            number = max(pressing, key=lambda load: load[1].clients)[0]
            words = f"{clients:,} clients together in phase {phase.name}"
            yield (
                ("load", number, "closed_loop"),
                f"{words}, and {limits.said('clients', allowed.clients)}",
            )
            return


def _stored(
    experiment: Experiment, limits: Limits, made: Sequence[tuple[int, int]]
) -> Iterator[Excess]:
    """Yield where seeds and loads would store too much; `made`: how many a load makes, and their bytes."""
    seeds = experiment.seed.wanted()
    objects = sum(seeds.values()) + sum(count for count, _ in made)
    size = sum(STORED[kind] * count for kind, count in seeds.items())
    size += sum(size for _, size in made)
    largest = max(range(len(made)), key=lambda number: made[number][0], default=0)
    by_load = bool(made) and made[largest][0] > sum(seeds.values())
    place: Location = ("load", largest, "rate") if by_load else ("seed",)
    for key, found in (("objects", objects), ("bytes", size)):
        most = getattr(limits.allowed, key)
        if most is not None and found > most:
            yield place, f"about {found:,} {key} are made, and {limits.said(key, most)}"


def _made(number: int, experiment: Experiment, catalogue: Catalogue) -> tuple[int, int]:
    """Return how many objects a load makes, and the bytes of all."""
    load = experiment.loads[number]
    seconds = sum(phase.seconds for phase in experiment.phases if load.presses(phase.name))
    arrivals = load.arrivals.expected(seconds)
    said = catalogue.loads.get(number)
    makes = _guessed(load, catalogue) if said is None or said.makes is None else said.makes
    counts = [(part.count(arrivals), part.size) for part in makes]
    return sum(count for count, _ in counts), sum(count * size for count, size in counts)


def _guessed(load: ScheduledLoad, catalogue: Catalogue) -> tuple[Makes, ...]:
    """Return of a profile that does not say it: one an arrival, if it may create any at all."""
    profile = catalogue.profiles.get(load.profile)
    if profile is None or not may_create(profile.permissions):
        return ()
    properties = profile.parameters.get("properties", {})
    given = {
        name: load.parameters.get(name, schema.get("default", 0))
        for name, schema in properties.items()
    }
    most = int(given.get("count", 0)) or None
    return (Makes(int(given.get("size", 0)), each=1, most=most),)
