"""Keeps a cluster of kind's: agents in its nodes do what they are told, and give it back without us."""

import selectors
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from kubedrill.cluster import sightings
from kubedrill.cluster.containers import BALANCER, NodeContainer
from kubedrill.cluster.engine import EngineFailed
from kubedrill.cluster.files import Files
from kubedrill.cluster.hands import Hand, OfEngine, give_back
from kubedrill.cluster.keeper import SeenKeeper
from kubedrill.cluster.kind.agent import Agent
from kubedrill.cluster.kind.hands import INIT, InNode, Kubelet, NodeMachine
from kubedrill.cluster.kind.layout import SHAPELESS, KindLayout
from kubedrill.cluster.seen import SeenComponent
from kubedrill.cluster.sightings import SeenProcess
from kubedrill.record.components import KUBELET, MACHINE

NAMES = {
    "etcd": "etcd",
    "kube-apiserver": "kube-apiserver",
    "kube-controller": "kube-controller-manager",
    "kube-scheduler": "kube-scheduler",
    "kubelet": KUBELET,
    **dict.fromkeys(INIT, MACHINE),
}
"""By what the kernel calls a process, which keeps 15 letters, its kind of component."""
BALANCERS = ("envoy", "haproxy")
"""What kind's balancer is, since 0.32 and before; what its container begins with is a shell, or a master."""
KUBEADM = b"/etc/kubernetes/"
"""In the command line of each that kubeadm runs: somebody else's etcd in a node is none of them."""


class NodeKeeper(SeenKeeper):
    """One cluster of kind's."""

    def __init__(self, folder: Path, selector: selectors.BaseSelector) -> None:
        self._layout = layout = KindLayout.read(folder)
        self._log = Files(folder).log
        self._agents: dict[str, Agent] = {}
        self._zones = {node.id: node.zone for node in layout.nodes}
        self._balancer = (
            OfEngine(layout.at, layout.balancer, BALANCERS) if layout.balancer else None
        )
        self._machines = {
            node.zone: NodeMachine(layout.at, node, layout.network) for node in layout.nodes
        }
        hands = {name: self._hand(name, node) for name, node in layout.components.items()}
        super().__init__(folder, selector, hands, SHAPELESS)
        self._free_machines()
        for node in layout.nodes:
            self._agent(node)
        self._free_balancer()
        self.look()

    def sight(self) -> dict[str, SeenProcess]:
        """Look at the processes of its nodes, and of the balancer."""
        balancing = (
            sightings.in_container(self._layout.balancer, BALANCERS) if self._balancer else []
        )
        found = sightings.of_nodes(self._zones, NAMES, KUBEADM)
        return found | ({BALANCER: balancing[0]} if balancing else {})

    def give_back(self) -> None:
        """Let the agents give back what they have taken, and the balancer run."""
        with suppress(EngineFailed):
            self._free_machines()
        for agent in self._agents.values():
            agent.be_gone()
        for agent in self._agents.values():
            agent.wait()
        with suppress(EngineFailed):
            self._free_balancer()

    def within(self, part: SeenComponent) -> Iterator[SeenComponent]:
        """Yield all that runs in a node, if it is one."""
        node = self._layout.components[part.name]
        if part.hand in self._machines.values():
            inside = (name for name, at in self._layout.components.items() if at == node)
            yield from (self.parts[name] for name in inside if name != part.name)

    def _free_machines(self) -> None:
        for machine in self._machines.values():
            machine.be_free()

    def _free_balancer(self) -> None:
        known = {self._layout.balancer: self._balancer} if self._balancer else {}
        give_back(self._layout.at, known)

    def _hand(self, name: str, node: NodeContainer | None) -> Hand:
        if node is None:
            assert self._balancer
            return self._balancer
        kind = name.removesuffix(f"-{node.zone}")
        if kind == MACHINE:
            return self._machines[node.zone]
        return (Kubelet if kind == KUBELET else InNode)(partial(self._agent, node), kind)

    def _agent(self, node: NodeContainer) -> Agent:
        """Return who is in a node; a new one, where the last has gone with its node."""
        known = self._agents.get(node.zone)
        if known is None or not known.is_there():
            known = Agent(self._layout.at, node.id, self._log(f"agent-{node.zone}"))
            self._agents[node.zone] = known
            # It has given back what the last one had taken; what is held is taken again.
            for name, part in self.parts.items():
                if part.state == "held" and self._layout.components[name] == node:
                    part.hand.keep_down()
        return known
