"""Keeps a cluster of k3d's: the engine does what is asked; another daemon that is started takes it back."""

import selectors
from contextlib import suppress
from pathlib import Path

from kubedrill.cluster import sightings
from kubedrill.cluster.containers import BALANCER, ContainerLayout
from kubedrill.cluster.engine import EngineFailed
from kubedrill.cluster.hands import OfEngine, give_back
from kubedrill.cluster.k3d.layout import BALANCERS, PROCESSES, RESTARTS, SERVER
from kubedrill.cluster.keeper import SeenKeeper
from kubedrill.cluster.sightings import SeenProcess


class ServerKeeper(SeenKeeper):
    """One cluster of k3d's."""

    def __init__(self, folder: Path, selector: selectors.BaseSelector) -> None:
        self._layout = layout = ContainerLayout.read(folder)
        self._zones = {node.id: node.zone for node in layout.nodes}
        containers = {f"{SERVER}-{node.zone}": (node.id, PROCESSES) for node in layout.nodes}
        if layout.balancer:
            containers[BALANCER] = (layout.balancer, BALANCERS)
        hands = {
            name: OfEngine(layout.at, container, programs, RESTARTS)
            for name, (container, programs) in containers.items()
        }
        self._by_id = {container: hands[name] for name, (container, _) in containers.items()}
        super().__init__(folder, selector, hands, {})
        self.give_back()  # what one that was killed has left
        self.look()

    def sight(self) -> dict[str, SeenProcess]:
        """Look at the servers, and at the balancer."""
        found = sightings.of_nodes(self._zones, dict.fromkeys(PROCESSES, SERVER))
        balancer = self._layout.balancer
        balancing = sightings.in_container(balancer, BALANCERS) if balancer else []
        return found | ({BALANCER: balancing[0]} if balancing else {})

    def give_back(self) -> None:
        """Let all of them run."""
        with suppress(EngineFailed):
            give_back(self._layout.at, self._by_id, RESTARTS)
