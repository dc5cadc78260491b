"""Fleet: what is the matter with nodes: what they are ordered to suffer, what they do not bear; repairs."""

from pathlib import Path

from kubedrill.clock import SECOND, now
from kubedrill.fleet.node import Node
from kubedrill.fleet.obeying import NOTHING, Orders
from kubedrill.fleet.simulated import Endurance
from kubedrill.record.fleet import Overload
from kubedrill.record.fleet_lines import Plight

WEIGH = SECOND
"""How often it is looked at how much nodes have to do."""
DOWN: frozenset[Plight] = frozenset({"down"})


class Suffering:
    """What the nodes of one zone are to suffer."""

    def __init__(self, cluster_folder: Path, zone: str, overload: Overload | None) -> None:
        self._orders = Orders(cluster_folder, zone)
        self._overload = overload
        self._endured: dict[str, Endurance] = {}
        self._booting: dict[str, int] = {}
        """Until when nodes do that are being repaired."""
        self._any_before = False
        self._weighed_at = 0
        """When it was last looked at how much nodes have to do."""
        self.repaired = 0
        """So many times one was."""

    @property
    def hanging(self) -> int:
        """How many nodes hang, since their pods use more than there is."""
        return sum(endurance.is_hanging for endurance in self._endured.values())

    def let(self, nodes: list[Node]) -> None:
        """Let nodes suffer what they are to suffer now."""
        ordered, at = self._orders.in_force(), now()
        if self._overload is not None and at - self._weighed_at >= WEIGH:
            self._weighed_at = at
            for node in nodes:
                self._weigh(node, self._overload, at)
        any_now = any(ordered) or bool(self._overload or self._booting)
        if any_now or self._any_before:
            for node in nodes:
                name = node.member.name
                node.be_slow(ordered.slow.get(name))
                node.suffer(ordered.of(name) | self._unordered(node, at))
        self._any_before = any_now

    def repair(self, name: str, boot_s: float) -> None:
        """Restart a node, whatever is the matter with it; it begins anew in so long."""
        self._orders.lift(name)
        if endurance := self._endured.get(name):
            endurance.relieve()
        self._booting[name] = now() + round(boot_s * SECOND)
        self.repaired += 1

    def _unordered(self, node: Node, at: int) -> frozenset[Plight]:
        name = node.member.name
        if at < self._booting.get(name, at):
            return DOWN
        self._booting.pop(name, None)
        endurance = self._endured.get(name)
        return DOWN if endurance and endurance.is_hanging else NOTHING

    def _weigh(self, node: Node, overload: Overload, at: int) -> None:
        name = node.member.name
        if name not in self._endured:
            self._endured[name] = Endurance(name, overload)
        self._endured[name].hangs(node.pods.requested, at)
