"""Faults: what those take away that are in force together, for the plan: the same arithmetic that refuses."""

from collections.abc import Mapping, Sequence

from kubedrill.faults.fault import Fault
from kubedrill.faults.limited import taken, totals
from kubedrill.faults.toll import LEAST_LEFT, Kind, Toll, left_of
from kubedrill.record.catalogue import ClusterDescription, TimedFault
from kubedrill.record.taken import Taken


def what_is_taken(
    kinds: Mapping[str, type[Fault]], faults: Sequence[TimedFault], cluster: ClusterDescription
) -> tuple[Taken, ...]:
    """Return what faults take away while they are in force together; nothing is known of activities."""
    tolls: dict[Kind, list[Toll]] = {}
    for timed in faults:
        if kind := kinds.get(timed.name):
            for toll in kind.model_validate(dict(timed.arguments)).tolls(cluster):
                if toll.counts or toll.cut_from:
                    tolls.setdefault(toll.kind, []).append(toll)
    return tuple(_taken(kind, of_kind, cluster) for kind, of_kind in tolls.items())


def _taken(kind: Kind, tolls: Sequence[Toll], cluster: ClusterDescription) -> Taken:
    total, minimum = totals(cluster).get(kind, 0), LEAST_LEFT.get(kind)
    away = [toll for toll in tolls if toll.counts]
    cut = [toll for toll in tolls if toll.cut_from]
    # Several faults may have hit the same.
    at_once = min(sum(map(_at_once, away)), taken(away))
    at_once = min(at_once, total) if total else at_once
    return Taken(
        kind,
        total,
        tuple(dict.fromkeys(name for toll in away for name in toll.named)),
        sum(toll.unnamed for toll in away),
        at_once,
        minimum.least(total) if minimum else 0,
        tuple(f"{whom} from {toll.cut_from}" for toll in cut for whom in _whom(toll)),
        max(total - at_once - left_of(cluster.zones, tolls), 0) if cut else 0,
    )


def _at_once(toll: Toll) -> int:
    all_of_them = taken([toll])
    return all_of_them if toll.at_once is None else min(all_of_them, toll.at_once)


def _whom(toll: Toll) -> list[str]:
    return [*toll.named, *["one that is chosen then"] * toll.unnamed]
