"""Check what the `fleet:` of an experiment file asks for, beside its form."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import ceil
from typing import Any

from kubedrill.experiment.fleet_parts import MOST_BURSTS, BurstPart, DemandPart
from kubedrill.experiment.fleets import FleetPart
from kubedrill.experiment.settled import WantedFault
from kubedrill.reading.problems import Location, Problems
from kubedrill.reading.units import format_duration
from kubedrill.record.catalogue import ClusterDescription, FaultDescription
from kubedrill.record.fleet import CLUSTER, KWOK, MOST_NODES, Fleet, Workload
from kubedrill.words import counted, did_you_mean, shown

Coming = BurstPart | DemandPart


def check_fleet(
    fleet: FleetPart | None,
    phases: Mapping[str, tuple[float, float]],
    cluster: ClusterDescription | None,
    seeded: int,
    problems: Problems,
) -> None:
    """Check what a fleet names, as far as it is sound, and that its times lie in their phases.

    `seeded`: how many pods of the workload there are before the drill.
    """
    if fleet is None:
        return
    if cluster is not None:
        _check_zones(fleet, cluster, problems)
    bursts = _check_all(fleet.bursts, "bursts", phases, problems)
    demands = _check_all(fleet.demand, "demand", phases, problems)
    if fleet.engine == KWOK:
        _check_kwok(fleet, problems)
    _check_engine(fleet, problems)
    _check_replacement(fleet, phases, problems)
    _check_emptied(fleet, fleet.zones or (cluster.zones if cluster else ()), seeded, problems)
    if fleet.max_unavailable is not None and not (seeded or fleet.demand):
        words = "max_unavailable: there is no workload; say seed: {workload: 100}"
        problems.add(("fleet", "max_unavailable"), words)
    if fleet.bursts and (key := "autoscaler" if fleet.autoscaler else fleet.demand and "demand"):
        words = "bursts come unasked; leave them out, so that nodes come as they are needed"
        problems.add(("fleet", key), f"{key}: {words}")
    total = max(
        (fleet.nodes or 0) + sum(burst.nodes or 0 for burst in bursts),
        (fleet.autoscaler and fleet.autoscaler.at_most) or 0,
    )
    if total > MOST_NODES:
        problems.add(("fleet",), f"fleet: has {total:,} nodes in all; at most {MOST_NODES:,}")
    elif fleet.engine != CLUSTER and fleet.pods_per_node:
        _check_room(fleet, seeded, sum(demand.pods or 0 for demand in demands), problems)


def _check_all(
    coming: Sequence[Coming | None] | None,
    key: str,
    phases: Mapping[str, tuple[float, float]],
    problems: Problems,
) -> list[Any]:
    """Check when each comes, and return each time, as it is recorded."""
    last, come = 0.0, list[Any]()
    for index, each in enumerate(coming or ()):
        # None is what has the wrong form, which is told by then.
        if each is not None and each.phase is not None and each.at is not None and phases:
            place = BurstPlace(problems, ("fleet", key, index))
            times = _check_times(each, phases, last, place)
            last = times[-1].at_s if times else last
            come += times
    if len(come) > MOST_BURSTS:
        words = f"fleet.{key} come {len(come):,} times and more; at most {MOST_BURSTS}"
        problems.add(("fleet", key), words)
        return []
    return come


def _check_replacement(
    fleet: FleetPart, phases: Mapping[str, tuple[float, float]], problems: Problems
) -> None:
    """Check when nodes begin to be replaced, as far as that is said in the right form."""
    replace = fleet.replace
    if replace is None or replace.phase is None or replace.at is None or not phases:
        return
    place = BurstPlace(problems, ("fleet", "replace"))
    if fleet.engine == CLUSTER:
        place.wrong("phase", "replace: only of nodes that are played")
    elif fleet.autoscaler:
        place.wrong(
            "phase", "replace: an autoscaler takes nodes that go for lost; leave one of them out"
        )
    elif replace.phase not in phases:
        near = did_you_mean(replace.phase, phases)
        place.wrong("phase", f'unknown phase "{shown(replace.phase)}"{near}')
    else:
        start, end = phases[replace.phase]
        length = format_duration(round(end - start, 9))
        if start + replace.at >= end:
            words = f'at: phase "{replace.phase}" lasts {length}; it would begin after it'
            place.wrong("at", words)


def _check_emptied(
    fleet: FleetPart, zones: Sequence[str | None], seeded: int, problems: Problems
) -> None:
    """Check that nodes which are emptied at the same time leave room for the pods that a budget keeps."""
    away = fleet.replace and fleet.replace.at_once
    if not (away and any(zones) and fleet.nodes and fleet.pods_per_node):
        return
    if fleet.max_unavailable is None or fleet.engine == CLUSTER:
        return
    named = tuple(zone for zone in zones if zone)
    there = Fleet(named, fleet.nodes, workload=Workload(fleet.pods_per_node))
    in_zones = Counter(member.zone for member in there.members()).values()
    room = there.fit * sum(max(nodes - away, 0) for nodes in in_zones)
    if room < (kept := seeded - fleet.max_unavailable):
        words = f"{kept:,} pods must stay available, and the nodes that are not emptied at the same time"
        hold = f"hold {room:,}; say fewer at_once, or more nodes"
        problems.add(("fleet", "replace"), f"replace: {words} {hold}")


def _check_room(fleet: FleetPart, seeded: int, wanted: int, problems: Problems) -> None:
    """Check that pods which are wanted find room in the end, and those of the beginning at once."""
    fit, nodes = Fleet(workload=Workload(fleet.pods_per_node)).fit, fleet.nodes or 0
    if wanted and seeded > nodes * fit:
        words = f"{seeded:,} pods find no room on {counted(nodes, 'node')} at first"
        problems.add(("seed", "workload"), f"seed.workload: {words}; let demand say when")
    if fleet.autoscaler is None or fleet.autoscaler.at_most is None:
        return
    needed = max(ceil((seeded + wanted) / fit), nodes)
    if fleet.autoscaler.at_most < needed:
        words = f"{needed:,} nodes are needed for those there are, and for the pods that are wanted"
        problems.add(("fleet", "autoscaler", "at_most"), f"at_most: {words}")


def _check_engine(fleet: FleetPart, problems: Problems) -> None:
    """Check that of the cluster's own nodes nothing is said that only those of a fleet do, or the reverse."""
    names: tuple[str, ...] = (
        "nodes",
        "zones",
        "bursts",
        "autoscaler",
        "overload",
        "repair",
        "images",
    )
    words = "is for nodes of the cluster's own; say engine: cluster, or leave it out"
    if fleet.engine == CLUSTER:
        words = "the cluster's own nodes are only watched; leave it out"
    else:
        names = ("selector", "pod_cpus")
    for name in names:
        if getattr(fleet, name):
            problems.add(("fleet", name), f"{name}: {words}")


def _check_kwok(fleet: FleetPart, problems: Problems) -> None:
    """Check that nothing is asked of KWOK's nodes that only our own do."""
    for name in ("overload", "repair", "images", "replace"):
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
    if fleet is not None and fleet.engine == "hollow":
        return
    asked = {
        (index, fault.name)
        for (index, _), fault in faults.items()
        if fault.name in known and known[fault.name].of_fleet
    }
    whose = "KWOK's" if fleet and fleet.engine == KWOK else "the cluster's own"
    why = f"{whose} do not; leave engine out" if fleet else "say how many: fleet: {nodes: 3}"
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


def _check_times(
    burst: Coming, phases: Mapping[str, tuple[float, float]], last: float, place: BurstPlace
) -> list[Any]:
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


def _check_zones(fleet: FleetPart, cluster: ClusterDescription, problems: Problems) -> None:
    """Check the zones of nodes: those of a cluster of ours, on any other none that is its own."""
    apart = cluster.foreign and fleet.engine != CLUSTER
    if apart and fleet.zones == ():
        words = (
            "on a cluster that kubedrill does not make, nodes of a fleet have zones of their own"
        )
        problems.add(("fleet",), f"fleet: {words}; name them: zones: [drill-a, drill-b]")
    for index, zone in enumerate(fleet.zones or ()):
        place: Location = ("fleet", "zones", index)
        if zone is None:
            continue
        if apart and zone in cluster.zones:
            words = (
                "is one of the cluster's own, in which mass NotReady stops evictions; name another"
            )
            problems.add(place, f'zone "{zone}" {words}')
        elif not apart and zone not in cluster.zones:
            near = did_you_mean(zone, cluster.zones)
            problems.add(place, f'the cluster has no zone "{shown(zone)}"{near}')
        elif zone in fleet.zones[:index]:
            problems.add(place, f'zone "{zone}" is here twice; once will do')
