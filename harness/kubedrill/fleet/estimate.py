"""Fleet: what nodes take of a machine on which their control plane runs too, and whether it has that."""

from dataclasses import dataclass

from kubedrill.record.fleet import Engine, Fleet
from kubedrill.record.schedule import FREE_SHARE, WantedHeadroom

LEASE_CPU_S = 0.0044
"""Of a renewal: a PUT costs the servers 4 ms; a tenth more for the node itself is the least that it takes."""
LEASE_EVERY_S = 10.2
"""10 s, and up to 4 % more."""
NODE_BYTES: dict[Engine, int] = {"hollow": 2_200_000, "kwok": 1_000_000}
"""Of servers and node, by who plays it: what 1,000 with a pod each, that came at once, took at most."""


@dataclass(frozen=True, slots=True)
class HostRoom:
    """What a machine has for a drill."""

    cores: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Needs:
    """What the nodes take that are there at the same time."""

    nodes: int
    cores: float
    """To stay Ready, with no pod that comes or goes."""
    memory_bytes: int


def needs(fleet: Fleet) -> Needs:
    """Return what a fleet takes while most of its nodes are there."""
    cores = fleet.most * LEASE_CPU_S / LEASE_EVERY_S
    return Needs(fleet.most, round(cores, 2), fleet.most * NODE_BYTES[fleet.engine])


def too_large(fleet: Fleet | None, headroom: WantedHeadroom, room: HostRoom) -> str:
    """Return why a machine cannot hold a fleet, and how much of it it could; "" if it can."""
    if (
        fleet is None or not fleet.most
    ):  # the cluster's own are on other machines, or are counted already
        return ""
    asked = needs(fleet)
    if asked.memory_bytes > room.memory_bytes:
        most = room.memory_bytes // NODE_BYTES[fleet.engine]
        there = (
            f"about {_gib(asked.memory_bytes)} of memory, and {_gib(room.memory_bytes)} are free"
        )
        return f"fleet: {asked.nodes:,} nodes take {there}; at most {most:,} fit"
    share = 1.0 if headroom == "none" else 1 - FREE_SHARE
    if asked.cores > room.cores * share:
        most = int(room.cores * share * LEASE_EVERY_S / LEASE_CPU_S)
        busy = f"keep about {asked.cores:.1f} cores busy with their Leases alone"
        free = "" if headroom == "none" else ", a quarter of which must stay free"
        way = "" if headroom == "none" else ", or say headroom: none"
        return (
            f"fleet: {asked.nodes:,} nodes {busy}, and this machine has {room.cores:g}{free}; "
            f"at most {most:,} fit{way}"
        )
    return ""


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
