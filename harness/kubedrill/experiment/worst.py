"""When which faults are in force together, and what of the cluster is away then: arithmetic, no cluster."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kubedrill.experiment.settled import WantedFault
from kubedrill.record.catalogue import Catalogue
from kubedrill.record.taken import Taken

Takes = Callable[[Sequence[WantedFault]], Sequence[Taken]]
"""Says what faults take away together."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch in which the same faults are in force. Times in seconds from the first phase's start."""

    begin_s: float
    end_s: float
    faults: tuple[int, ...]
    """Their numbers in the order of injection, from 1."""
    taken: tuple[Taken, ...]
    """What they take away together; what activities take away is not known, and not in it."""


def moments(
    faults: Sequence[WantedFault],
    takes: Takes,
    catalogue: Catalogue,
    drill_s: float,
) -> tuple[Moment, ...]:
    """Return the stretches in which faults are in force; `faults` in their order."""
    spans = [(fault.inject_s, _over(fault, catalogue, drill_s)) for fault in faults]
    edges = sorted({edge for span in spans for edge in span})
    found = []
    for begin, end in pairwise(edges):
        there = [number for number, span in enumerate(spans) if span[0] <= begin < span[1]]
        if there:
            away = tuple(takes([faults[number] for number in there]))
            numbers = tuple(number + 1 for number in there)
            found.append(Moment(begin, end, numbers, away))
    return tuple(found)


def worst(moments: Sequence[Moment]) -> tuple[Taken, ...]:
    """Return of each kind what is away when the fewest are left."""
    kinds: dict[str, Taken] = {}
    for part in (part for moment in moments for part in moment.taken):
        known = kinds.get(part.kind)
        if known is None or part.missing > known.missing:
            kinds[part.kind] = part
    return tuple(kinds.values())


def _over(fault: WantedFault, catalogue: Catalogue, drill_s: float) -> float:
    """Return when what a fault does is over: what is irreversible stays to the end."""
    match fault.lasts:
        case "irreversible":
            return drill_s
        case "momentary":
            known = catalogue.faults[fault.name]
            return min(fault.latest_s + known.effect_s, fault.undo_s)
    return fault.undo_s
