"""Check what the `fleet:` of an experiment file asks for, beside its form."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from kubedrill.experiment.fleets import MOST_BURSTS, BurstPart, FleetPart
from kubedrill.experiment.settled import WantedFault
from kubedrill.reading.problems import Location, Problems
from kubedrill.reading.units import format_duration
from kubedrill.record.catalogue import ClusterDescription, FaultDescription
from kubedrill.record.fleet import KWOK, MOST_NODES, Burst
from kubedrill.words import did_you_mean, shown


def check_fleet(
    fleet: FleetPart | None,
    phases: Mapping[str, tuple[float, float]],
    cluster: ClusterDescription | None,
    problems: Problems,
) -> None:
    """Check what a fleet names, as far as it is sound, and that its times lie in their phases."""
    if fleet is None:
        return
    if fleet.zones and cluster is not None:
        _check_zones(fleet.zones, cluster.zones, problems)
    last, coming = 0.0, list[Burst]()
    for index, burst in enumerate(fleet.bursts or ()):
        # None is what has the wrong form, which is told by then.
        if burst is not None and burst.phase is not None and burst.at is not None and phases:
            place = BurstPlace(problems, ("fleet", "bursts", index))
            come = _check_burst(burst, phases, last, place)
            last = come[-1].at_s if come else last
            coming += come
    if fleet.engine == KWOK:
        _check_kwok(fleet, problems)
    if len(coming) > MOST_BURSTS:
        words = f"fleet.bursts come {len(coming):,} times and more; at most {MOST_BURSTS}"
        problems.add(("fleet", "bursts"), words)
    elif (total := (fleet.nodes or 0) + sum(burst.nodes or 0 for burst in coming)) > MOST_NODES:
        problems.add(("fleet",), f"fleet: has {total:,} nodes in all; at most {MOST_NODES:,}")


def _check_kwok(fleet: FleetPart, problems: Problems) -> None:
    """Check that nothing is asked of KWOK's nodes that only our own do."""
    for name in ("overload", "repair", "images"):
        if getattr(fleet, name) is not None:
            problems.add(("fleet", name), f"{name}: KWOK's nodes know nothing of it")
    for index, burst in enumerate(fleet.bursts or ()):
        if burst is not None and burst.stay is not None:
            words = "stay: KWOK's nodes do not go before the drill ends"
            problems.add(("fleet", "bursts", index, "stay"), words)


def check_players(
    fleet: FleetPart | None,
    faults: Mapping[tuple[int, int], WantedFault],
    known: Mapping[str, FaultDescription],
    problems: Problems,
) -> None:
    """Check that there are nodes which do as faults order, where there are such faults."""
    if fleet is not None and fleet.engine != KWOK:
        return
    asked = {
        (index, fault.name)
        for (index, _), fault in faults.items()
        if fault.name in known and known[fault.name].of_fleet
    }
    why = "KWOK's do not; leave engine out" if fleet else "say how many: fleet: {nodes: 3}"
    for index, name in sorted(asked):
        where: Location = ("faults", index, name)
        problems.add(where, f"{name}: only nodes of a fleet of our own do that; {why}")


@dataclass(frozen=True, slots=True)
class BurstPlace:
    """A part of the file, and where its problems go."""

    problems: Problems
    location: Location

    def wrong(self, key: str, words: str) -> None:
        """Say what is wrong with one of its keys."""
        self.problems.add((*self.location, key), words)


def _check_burst(
    burst: BurstPart, phases: Mapping[str, tuple[float, float]], last: float, place: BurstPlace
) -> list[Burst]:
    """Check when a burst comes, the one before it having come at `last`; return each time of it."""
    if burst.phase not in phases:
        near = did_you_mean(burst.phase, phases)
        place.wrong("phase", f'unknown phase "{shown(burst.phase)}"{near}')
        return []
    start, end = phases[burst.phase]
    length = format_duration(round(end - start, 9))
    come = [*islice(burst.settled(start, end), MOST_BURSTS + 1)]
    if not come:
        place.wrong("at", f'at: phase "{burst.phase}" lasts {length}; they would come after it')
    elif burst.times is not None and len(come) < burst.times:
        words = f'times: {len(come)} fit into phase "{burst.phase}", which lasts {length}'
        place.wrong("times", f"{words}, not {burst.times}")
    if start + burst.at < last:
        place.wrong("phase", "comes before the burst above it; say the earlier ones first")
    return come


def _check_zones(zones: tuple[str, ...], known: tuple[str, ...], problems: Problems) -> None:
    for index, zone in enumerate(zones):
        place: Location = ("fleet", "zones", index)
        if zone is None:
            continue
        if zone not in known:
            near = did_you_mean(zone, known)
            problems.add(place, f'the cluster has no zone "{shown(zone)}"{near}')
        elif zone in zones[:index]:
            problems.add(place, f'zone "{zone}" is here twice; once will do')
