"""Faults on nodes, as the API has them: cordoned, tainted, drained; all is brought back as it was."""

from abc import ABC
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from kubedrill.faults.actions import actions
from kubedrill.faults.amending import Amending
from kubedrill.faults.api import Object
from kubedrill.faults.fault import Fault
from kubedrill.faults.on_nodes import NodesHit
from kubedrill.reading.types import matching

Taint = Annotated[
    str,
    matching(
        r"[A-Za-z0-9./_-]+(=[A-Za-z0-9._-]*)?:(NoSchedule|PreferNoSchedule|NoExecute)",
        "is no taint: KEY=VALUE:EFFECT, such as drill=lost:NoSchedule",
    ),
]


class OnNodes(Amending, NodesHit, ABC):
    """What those have in common that change what is wanted of nodes, and change it back."""

    rights: ClassVar = "get,list,update nodes"

    def kept(self, found: Object) -> Mapping[str, Any]:
        """Return what the fault may change."""
        spec = found.get("spec", {})
        return {
            "unschedulable": bool(spec.get("unschedulable")),
            "taints": [_plain(taint) for taint in spec.get("taints", ())],
        }


class NodeCordon(OnNodes):
    """Cordon nodes until the phase ends: nothing new is scheduled to them."""

    name: ClassVar = "node.cordon"
    functions: ClassVar = ("cordon", "uncordon")
    verb: ClassVar = "cordon"
    done: ClassVar = "cordoned"
    blast_radius: ClassVar = "node {node}: no new pod is scheduled to it; those that run there stay"

    def is_hidden_by(self, other: Fault) -> bool:
        """Whether another one has cordoned it."""
        return isinstance(other, NodeCordon)

    def change(self, spec: Object) -> bool:
        """Let nothing be scheduled to it."""
        if spec.get("unschedulable"):
            return False
        spec["unschedulable"] = True
        return True

    def mend(self, spec: Object, before: Mapping[str, Any]) -> bool:
        """Let it be scheduled to, unless it was cordoned before."""
        return not before["unschedulable"] and bool(spec.pop("unschedulable", False))

    def is_so(self, spec: Object) -> bool:
        """Whether nothing is scheduled to it."""
        return bool(spec.get("unschedulable"))


class NodeTaint(OnNodes):
    """Taint nodes until the phase ends: pods that do not tolerate it are kept off, or evicted."""

    name: ClassVar = "node.taint"
    functions: ClassVar = ("taint_nodes", "untaint_nodes")
    verb: ClassVar = "taint"
    done: ClassVar = "tainted"
    blast_radius: ClassVar = (
        "node {node}, by the taint {taint}; with NoExecute its pods are evicted, too"
    )

    taint: Taint = Field(
        description="as of kubectl: drill=lost:NoSchedule (or PreferNoSchedule, NoExecute)"
    )

    def is_hidden_by(self, other: Fault) -> bool:
        """Whether another one puts a taint in its place."""
        return isinstance(other, NodeTaint) and _place(other.wanted()) == _place(self.wanted())

    def change(self, spec: Object) -> bool:
        """Put the taint in, in place of one with the same key and effect."""
        if self.is_so(spec):
            return False
        spec["taints"] = [*self._others(spec), self.wanted()]
        return True

    def mend(self, spec: Object, before: Mapping[str, Any]) -> bool:
        """Take the taint away, and put in what stood in its place; one that was changed since stays."""
        stood = [taint for taint in before["taints"] if _place(taint) == _place(self.wanted())]
        if not self.is_so(spec) or self.wanted() in stood:
            return False
        spec["taints"] = [*self._others(spec), *stood]
        return True

    def is_so(self, spec: Object) -> bool:
        """Whether the taint is there."""
        return self.wanted() in map(_plain, spec.get("taints", ()))

    def wanted(self) -> Object:
        """Return the taint as a node has it."""
        key, _, effect = self.taint.rpartition(":")
        name, _, value = key.partition("=")
        return {"key": name, "value": value, "effect": effect}

    def _others(self, spec: Object) -> list[Object]:
        place = _place(self.wanted())
        return [taint for taint in spec.get("taints", ()) if _place(taint) != place]


cordon, uncordon = actions(NodeCordon)
taint_nodes, untaint_nodes = actions(NodeTaint)


def _place(taint: Mapping[str, Any]) -> tuple[str, str]:
    """Return by what a node's taints differ."""
    return taint["key"], taint["effect"]


def _plain(taint: Mapping[str, Any]) -> Object:
    """Return a taint without the time at which it was added."""
    return {"key": taint["key"], "value": taint.get("value", ""), "effect": taint["effect"]}
