"""What a cluster of kind's is made of: `layout.json` in its folder."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import with_config

from kubedrill.cluster.handle import HandleError
from kubedrill.cluster.kind.definition import EngineName
from kubedrill.cluster.kind.engine import ContainerEngine
from kubedrill.cluster.links import Link
from kubedrill.cluster.ports import (
    APISERVER_PORT,
    CONTROLLER_MANAGER_PORT,
    ETCD_PORT,
    SCHEDULER_PORT,
)
from kubedrill.cluster.wires import Wire
from kubedrill.record.lines import STRICT, read_whole, write_typed

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
BALANCER = "haproxy"
SHAPELESS = dict.fromkeys(
    ("bandwidth", "delay"), "the other end of a node's link is in the engine's network, not in ours"
)
"""What of a shape a link has not got."""


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class KindNode:
    """A node with a control plane; its zone is all that runs in it."""

    zone: str
    name: str
    """Of its container, and of the node."""
    id: str
    """Of its container."""
    address: str


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class KindLayout:
    """One cluster that is up."""

    engine: EngineName
    host: str
    """Where the engine listens; "" where that is not asked."""
    cluster: str
    """What kind calls it."""
    ours: bool
    """Whether we have made it, and so delete it."""
    network: str
    """The engine's network that we made for it; "" if it is another's."""
    nodes: tuple[KindNode, ...]
    balancer: str
    """The id of the container that balances over them; "" where there is one node."""

    @property
    def at(self) -> ContainerEngine:
        """What runs its containers."""
        return ContainerEngine(self.engine, self.host)

    @property
    def zones(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(node.zone for node in self.nodes)

    @property
    def components(self) -> dict[str, KindNode | None]:
        """What runs, by name, and in which node; the balancer in none."""
        within: dict[str, KindNode | None] = {
            f"{kind}-{node.zone}": node for kind in KINDS for node in self.nodes
        }
        return within | ({BALANCER: None} if self.balancer else {})

    def node(self, zone: str) -> KindNode:
        """Return the node of a zone."""
        return next(node for node in self.nodes if node.zone == zone)

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

    def write(self, folder: Path) -> None:
        """Write it down in the cluster's folder."""
        write_typed(folder / LAYOUT, self)

    @classmethod
    def read(cls, folder: Path) -> "KindLayout":
        """Read it; MissingEvidence or BadEvidence if it is missing or none."""
        return read_whole(folder / LAYOUT, cls)


LAYOUT = "layout.json"
_LEAVING = "leaving"


def is_there(folder: Path) -> bool:
    """Whether a cluster is written down, and is to stay."""
    return (folder / LAYOUT).exists() and not (folder / _LEAVING).exists()


def leave(folder: Path) -> None:
    """Write down that a cluster is to go: nobody starts what keeps it any more."""
    (folder / _LEAVING).touch()
