"""What a cluster of kind's is made of."""

from dataclasses import dataclass

from pydantic import with_config

from kubedrill.cluster.containers import BALANCER, ContainerLayout, NodeContainer
from kubedrill.cluster.engine import ContainerLabels
from kubedrill.cluster.handle import HandleError
from kubedrill.cluster.links import Link
from kubedrill.cluster.ports import (
    APISERVER_PORT,
    CONTROLLER_MANAGER_PORT,
    ETCD_PORT,
    SCHEDULER_PORT,
)
from kubedrill.cluster.wires import Wire
from kubedrill.record.components import KUBELET, MACHINE
from kubedrill.record.lines import STRICT

LABELS = ContainerLabels("io.x-k8s.kind.cluster", "io.x-k8s.kind.role")
"""By which kind knows its containers."""
DEVICE = "eth0"
"""A node's end of what leads to the engine's network."""
PORTS = {
    "etcd": ETCD_PORT,
    "kube-apiserver": APISERVER_PORT,
    "kube-controller-manager": CONTROLLER_MANAGER_PORT,
    "kube-scheduler": SCHEDULER_PORT,
}
"""What runs in the node of each zone, as a static pod of its kubelet, and where it listens."""
KINDS = tuple(PORTS)
IN_EACH = (*KINDS, KUBELET, MACHINE)
"""What there is one of in each zone: kubelet and node are not among what kubelet runs."""
KUBELET_PORT = 10250
SHAPELESS = dict.fromkeys(
    ("bandwidth", "delay"), "the other end of a node's link is in the engine's network, not in ours"
)
"""What of a shape a link has not got."""
UNENDING = {
    MACHINE: "in a network that is not ours the engine may start a node with another's address"
}
"""What is not ended and started anew, where we have not made the network."""


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class KindLayout(ContainerLayout):
    """One cluster that is up."""

    network: str = ""
    """The engine's network that we made for it; "" if it is another's."""

    @property
    def components(self) -> dict[str, NodeContainer | None]:
        """What runs, by name, and in which node, or which node it is; the balancer in none."""
        within: dict[str, NodeContainer | None] = {
            f"{kind}-{node.zone}": node for kind in IN_EACH for node in self.nodes
        }
        return within | ({BALANCER: None} if self.balancer else {})

    def wire(self, link: Link, owner: str = "") -> Wire:
        """Return a link between the nodes as somebody cuts it; HandleError where there is none."""
        if link.of == "nodes":
            raise HandleError("a fleet's nodes are on this machine, and in none of kind's")
        node = self.node(link.zone)
        return Wire(
            place=node.name,
            enter=self.at.within(node.id),
            device=DEVICE,
            hub=(),
            port="",  # of the engine's network, whose devices are none of ours
            peer=self.node(link.other).address if link.other else None,
            direction=link.direction,
            ports=link.ports,
            owner=owner,
            routes=True,
        )
