"""The `fleet:` of an experiment file: how many nodes, where, and when more come."""

from collections.abc import Mapping
from dataclasses import dataclass
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
        if (total := self.nodes + sum(burst.nodes for burst in self.bursts)) > MOST_NODES:
            raise ValueError(f"has {total:,} nodes in all; at most {MOST_NODES:,}")
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
                Burst(burst.nodes, round(phases[burst.phase][0] + burst.at, 9))
                for burst in self.bursts
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
            bursts.append(BurstPart(phase=name, at=round(burst.at_s - start, 9), nodes=burst.nodes))
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
    last = 0.0
    for index, burst in enumerate(fleet.bursts or ()):
        # None is what has the wrong form, which is told by then.
        if burst is not None and burst.phase is not None and burst.at is not None and phases:
            last = _check_burst(
                burst, phases, last, BurstPlace(problems, ("fleet", "bursts", index))
            )


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
) -> float:
    """Check when a burst comes, the one before it having come at `last`; return when that is."""
    if burst.phase not in phases:
        near = did_you_mean(burst.phase, phases)
        place.wrong("phase", f'unknown phase "{shown(burst.phase)}"{near}')
        return last
    start, end = phases[burst.phase]
    comes = start + burst.at
    if comes >= end:
        length = format_duration(round(end - start, 9))
        place.wrong("at", f'at: phase "{burst.phase}" lasts {length}; they would come after it')
    if comes < last:
        place.wrong("phase", "comes before the burst above it; say the earlier ones first")
    return comes


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
