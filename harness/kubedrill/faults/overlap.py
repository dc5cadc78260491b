"""Faults: which faults of an experiment are refused, alone or for what others hold down by then."""

from collections.abc import Iterator, Sequence

from kubedrill.errors import NotStarted
from kubedrill.faults.catalogue import named_members, precheck
from kubedrill.faults.etcd import NAME, check_victims
from kubedrill.record.catalogue import ClusterDescription, Refusal, TimedFault

_CHOSEN_LATER = ("leader", "random")
"""Known only at the kill: one of the members that are up then."""


def refusals(faults: Sequence[TimedFault], cluster: ClusterDescription) -> Iterator[Refusal]:
    """Yield why a fault cannot or must not be injected into the cluster, for each of which that is so."""
    for index, fault in enumerate(faults):
        try:
            precheck([(fault.name, fault.arguments)], cluster.capabilities, cluster.zones)
            down = _held_at(fault, index, faults)
            if fault.name == NAME and down:
                _check_with_others(fault, down, cluster.zones)
        except NotStarted as refusal:
            yield Refusal(index, "member", str(refusal))


def _held_at(fault: TimedFault, index: int, faults: Sequence[TimedFault]) -> list[str]:
    """Return the members that other faults hold down when this one is injected."""
    return [
        member
        for number, other in enumerate(faults)
        if other.name == NAME
        and (other.inject_s, number) < (fault.inject_s, index)
        and other.undo_s > fault.inject_s
        for member in named_members(other.arguments)
    ]


def _check_with_others(fault: TimedFault, down: list[str], zones: Sequence[str]) -> None:
    own = named_members(fault.arguments)
    words = f"another fault holds down {' and '.join(dict.fromkeys(down))} then"
    if twice := [one for one in own if one in down and one in zones]:
        raise NotStarted(f"{NAME} of {', '.join(twice)}: {words}; kill another, or at another time")
    chosen_later = [one for one in (*own, *down) if one in _CHOSEN_LATER]
    left = [zone for zone in zones if zone not in {*own, *down}][len(chosen_later) :]
    allowed = bool(fault.arguments.get("allow_quorum_loss", False))
    try:
        check_victims(own, len(zones), [*left, *own], allowed)
    except NotStarted as refusal:
        raise NotStarted(f"{refusal} ({words})") from None
