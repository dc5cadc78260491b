"""The `fleet:` of an experiment file: how many nodes, where, and when more come."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count, islice
from typing import Self

from pydantic import Field, model_validator

from kubedrill.experiment.settled import WantedFault
from kubedrill.reading.problems import Location, Problems
from kubedrill.reading.types import Duration, Part, Time
from kubedrill.reading.units import format_duration
from kubedrill.record.catalogue import ClusterDescription, FaultDescription
from kubedrill.record.fleet import KWOK, MOST_NODES, Burst, Engine, Fleet, PodTimes
from kubedrill.words import did_you_mean, shown

MOST_BURSTS = 200


class BurstPart(Part):
    """Nodes that come together."""

    phase: str
    """In which phase."""
    at: Time = 0.0
    """When, from the phase's start."""
    nodes: int = Field(ge=1, le=MOST_NODES)
    """How many."""
    every: Duration | None = None
    """As many more come so long after each time, as often as the phase holds."""
    times: int | None = Field(None, ge=1, le=MOST_BURSTS)
    """How often, with `every`."""
    stay: Duration | None = None
    """So long after they were asked for they go again; without it they stay until the drill ends."""

    @model_validator(mode="after")
    def _with_every(self) -> Self:
        if self.times is not None and self.every is None:
            raise ValueError("times: only with every, which says how long after each other")
        return self

    def settled(self, start: float, end: float) -> Iterator[Burst]:
        """Yield each time that they come in a phase, from `start` to `end` in seconds of the drill."""
        every, times = self.every or 0.0, self.times or (None if self.every else 1)
        for number in count() if times is None else range(times):
            comes = round(start + (self.at or 0.0) + number * every, 9)
            if comes >= end:
                return
            yield Burst(self.nodes, comes, self.stay)


class FleetPart(Part):
    """Nodes that are played: to the API each is what a kubelet is, and nothing runs on it."""

    nodes: int = Field(0, ge=0, le=MOST_NODES)
    """How many there are, Ready, before the first phase."""
    zones: tuple[str, ...] = ()
    """Zones of the cluster, whose nodes come in turn; all of them, if none is named."""
    bursts: tuple[BurstPart, ...] = Field((), max_length=MOST_BURSTS)
    """Nodes that come while the drill runs."""
    pod_start: Duration = PodTimes().start_s
    """The median time from a pod's coming to a node until it runs there: simulated, as its containers are."""
    engine: Engine = "hollow"
    """Who plays them: `kwok` runs the program of that name, which has fewer of a node's requests."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.nodes and not self.bursts:
            raise ValueError("has no nodes; say nodes, or bursts of them")
        return self

    @property
    def coming(self) -> list[str]:
        """The phases in which nodes come, as far as it is said in the right form."""
        return [burst.phase for burst in self.bursts or () if burst is not None and burst.phase]

    def settled(self, phases: Mapping[str, tuple[float, float]]) -> Fleet:
        """Return the fleet, its times from the drill's start; `phases`: start and end of each."""
        return Fleet(
            zones=self.zones,
            nodes=self.nodes,
            bursts=tuple(
                each for burst in self.bursts for each in burst.settled(*phases[burst.phase])
            ),
            pods=PodTimes(self.pod_start),
            engine=self.engine,
        )

    @classmethod
    def of(cls, fleet: Fleet, phases: Mapping[str, tuple[float, float]]) -> "FleetPart":
        """Return what `settled` made a fleet of."""
        bursts = []
        for burst in fleet.bursts:
            name, (start, _) = next(
                (name, times) for name, times in phases.items() if burst.at_s < times[1]
            )
            at = round(burst.at_s - start, 9)
            bursts.append(BurstPart(phase=name, at=at, nodes=burst.nodes, stay=burst.stay_s))
        return cls(
            nodes=fleet.nodes,
            zones=fleet.zones,
            bursts=tuple(bursts),
            pod_start=fleet.pods.start_s,
            engine=fleet.engine,
        )


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
            if burst.stay is not None and fleet.engine == KWOK:
                place.wrong("stay", "stay: KWOK's nodes do not go before the drill ends")
    if len(coming) > MOST_BURSTS:
        words = f"fleet.bursts come {len(coming):,} times and more; at most {MOST_BURSTS}"
        problems.add(("fleet", "bursts"), words)
    elif (total := (fleet.nodes or 0) + sum(burst.nodes or 0 for burst in coming)) > MOST_NODES:
        problems.add(("fleet",), f"fleet: has {total:,} nodes in all; at most {MOST_NODES:,}")


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
