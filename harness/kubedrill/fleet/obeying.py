"""Fleet: what the nodes of a cluster are ordered to suffer."""

import os
from pathlib import Path

from kubedrill.clock import now
from kubedrill.record.fleet import NodeOrder, Plight, orders
from kubedrill.record.lines import BadEvidence, read_whole

NOTHING: frozenset[Plight] = frozenset()


class Orders:
    """The orders to the nodes of one cluster, each read once."""

    def __init__(self, cluster_folder: Path) -> None:
        self._folder = orders(cluster_folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        for file in self._folder.glob("*.json"):  # of a fleet before this one
            file.unlink(missing_ok=True)
        self._known: dict[str, NodeOrder] = {}

    def in_force(self) -> dict[str, frozenset[Plight]]:
        """Return what each node is to suffer now; an order that cannot be read is none yet."""
        listed = os.listdir(self._folder)  # noqa: PTH208 - ten times a second
        there = {name for name in listed if name.endswith(".json")}
        self._known = {name: order for name, order in self._known.items() if name in there}
        for name in there - self._known.keys():
            try:
                self._known[name] = read_whole(self._folder / name, NodeOrder)
            except BadEvidence:
                continue  # it was taken away at this moment
        suffered: dict[str, frozenset[Plight]] = {}
        at = now()
        for order in self._known.values():
            if order.until > at:
                for node in order.nodes:
                    suffered[node] = suffered.get(node, NOTHING) | {order.plight}
        return suffered
