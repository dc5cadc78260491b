"""Fleet: what the nodes of a cluster are ordered to suffer."""

import os
from pathlib import Path
from typing import NamedTuple

from kubedrill.clock import now
from kubedrill.record.fleet_lines import NodeOrder, Plight, Slowness, orders
from kubedrill.record.lines import BadEvidence, read_whole

NOTHING: frozenset[Plight] = frozenset()


class OrderFile(NamedTuple):
    """An order's file: one that is given anew is another, though it has the same name."""

    name: str
    inode: int


class Suffered(NamedTuple):
    """What nodes of a zone are to suffer now."""

    all: frozenset[Plight]
    by_node: dict[str, frozenset[Plight]]
    slow: dict[str, Slowness]
    """By node, how long those take that are slow."""

    def of(self, node: str) -> frozenset[Plight]:
        """Return what one of them is to suffer."""
        return self.all | self.by_node.get(node, NOTHING)


class Orders:
    """The orders to the nodes of one zone, each read once."""

    def __init__(self, cluster_folder: Path, zone: str) -> None:
        self._zone = zone
        self._folder = orders(cluster_folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        for file in self._folder.glob("*.json"):
            if _is_past(file):  # of a fleet before this one
                file.unlink(missing_ok=True)
        self._known: dict[OrderFile, NodeOrder] = {}
        self._lifted: set[tuple[OrderFile, str]] = set()
        """Order and node."""

    def lift(self, node: str) -> None:
        """Let a node obey none of the orders to it any more that are there by now: it was repaired."""
        self._lifted |= {(file, node) for file, each in self._known.items() if node in each.nodes}

    def in_force(self) -> Suffered:
        """Return what each node is to suffer now; an order that cannot be read is none yet."""
        with os.scandir(self._folder) as listed:  # ten times a second
            there = {OrderFile(each.name, each.inode()) for each in listed if _is_order(each.name)}
        self._known = {file: order for file, order in self._known.items() if file in there}
        for file in there - self._known.keys():
            try:
                self._known[file] = read_whole(self._folder / file.name, NodeOrder)
            except BadEvidence:
                continue  # it was taken away at this moment
        everyone, by_node, at = NOTHING, dict[str, frozenset[Plight]](), now()
        slow: dict[str, Slowness] = {}
        for file, order in self._known.items():
            if order.until > at:
                everyone |= {order.plight} if self._zone in order.zones else NOTHING
                for node in (each for each in order.nodes if (file, each) not in self._lifted):
                    if order.plight == "slow":
                        slow[node] = _slower(slow.get(node, Slowness()), order)
                    else:
                        by_node[node] = by_node.get(node, NOTHING) | {order.plight}
        return Suffered(everyone, by_node, slow)


def _is_past(file: Path) -> bool:
    """Whether what stands in an order's file is over, or nobody can read it."""
    try:
        return read_whole(file, NodeOrder).until <= now()
    except BadEvidence:
        return True


def _is_order(name: str) -> bool:
    return name.endswith(".json")


def _slower(known: Slowness, order: NodeOrder) -> Slowness:
    """Return how slow a node is for which there is one order more."""
    return Slowness(max(known.delay_s, order.delay_s), max(known.slowdown, order.slowdown))
