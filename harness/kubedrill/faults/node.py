"""Faults on nodes, as the API has them: cordoned, tainted, drained; all is brought back as it was."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import Annotated, Any, ClassVar

from pydantic import Field

from kubedrill.cluster.handle import HandleError
from kubedrill.faults.actions import actions
from kubedrill.faults.api import Api, Object
from kubedrill.faults.attempting import each
from kubedrill.faults.fault import Fault, Lapse, Scene, Seen, missing, proof
from kubedrill.faults.on_nodes import NodesHit
from kubedrill.faults.on_objects import same
from kubedrill.reading.types import matching
from kubedrill.record.target import Target

Taint = Annotated[
    str,
    matching(
        r"[A-Za-z0-9./_-]+(=[A-Za-z0-9._-]*)?:(NoSchedule|PreferNoSchedule|NoExecute)",
        "is no taint: KEY=VALUE:EFFECT, such as drill=lost:NoSchedule",
    ),
]


class OnNodes(NodesHit, ABC):
    """What those have in common that change what is wanted of nodes, and change it back."""

    rights: ClassVar = "get,list,update nodes"

    @abstractmethod
    def change(self, spec: Object) -> bool:
        """Change a node's `spec`; return whether there was anything to change."""

    @abstractmethod
    def mend(self, spec: Object, before: Mapping[str, Any]) -> bool:
        """Change back what of it is still as the fault made it; return whether there was anything."""

    @abstractmethod
    def is_so(self, spec: Object) -> bool:
        """Whether it is as the fault makes it."""

    def may_be_hit(self, found: Object) -> bool:
        """Whether it is not so already."""
        return not self.is_so(found.get("spec", {}))

    def kept(self, found: Object) -> Mapping[str, Any]:
        """Return what the fault may change."""
        spec = found.get("spec", {})
        return {
            "unschedulable": bool(spec.get("unschedulable")),
            "taints": [_plain(taint) for taint in spec.get("taints", ())],
        }

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Change them; return which apiserver took which."""
        with closing(Api(scene.record)) as api:
            return {"through": {target.name: self._amended(api, target) for target in scene.hit}}

    def did(self, scene: Scene) -> str:
        """Say what was done to whom, through which apiservers."""
        through = sorted(set(scene.facts["through"].values()))
        return f"{self.done} {', '.join(scene.targets)} through {' and '.join(through)}"

    def took_effect(self, scene: Scene) -> Seen:
        """Look, through another apiserver, whether they are so."""
        with closing(Api(scene.record)) as api:
            servers: set[str] = set()
            for target in scene.targets:
                answer = api.read(
                    self.path(scene.called(target)), beside=scene.facts["through"][target]
                )
                if not self._hit(scene, target, answer.said):
                    return missing(f"{target} is not {self.done}, says {answer.server}", target)
                servers.add(answer.server)
        who = " and ".join(sorted(servers))
        return proof(f"{', '.join(scene.targets)}: {self.done}, says {who}")

    def lapse(self, scene: Scene) -> Lapse | None:
        """Return which of them is not so any more."""
        with closing(Api(scene.record)) as api:
            for target in scene.targets:
                if not self._hit(scene, target, api.read(self.path(scene.called(target))).said):
                    return Lapse(f"{target} was not {self.done} any more, or is gone")
        return None

    def undo(self, scene: Scene) -> None:
        """Change them back; what no apiserver takes now is tried again."""
        with suppress(HandleError):
            self.retreat(scene)

    def retreat(self, scene: Scene) -> None:
        """Change back those that are not yet; of what somebody else changed meanwhile nothing."""
        with closing(Api(scene.record)) as api:
            before = scene.facts.get("before", {})

            def mend(target: str) -> None:
                def back(found: Object) -> bool:
                    return same(scene, target, found) and self.mend(found["spec"], before[target])

                api.amend(self.path(scene.called(target)), back)

            each(before, mend)

    def undone(self, scene: Scene) -> Seen:
        """Look, through another apiserver than the one that was written to, whether they are as before."""
        through = scene.facts.get("through", {})
        with closing(Api(scene.record)) as api:
            for target, before in scene.facts.get("before", {}).items():
                answer = api.read(self.path(scene.called(target)), beside=through.get(target, ""))
                if same(scene, target, answer.said) and self.mend(answer.said["spec"], before):
                    return missing(f"{target} is {self.done} yet, says {answer.server}", target)
        return proof(f"{', '.join(scene.targets)}: as before")

    def _hit(self, scene: Scene, target: str, found: Object) -> bool:
        return same(scene, target, found) and self.is_so(found.get("spec", {}))

    def _amended(self, api: Api, target: Target) -> str:
        server = api.amend(
            self.path(target.called), lambda found: self.change(found.setdefault("spec", {}))
        )
        if not server:
            raise HandleError(
                f"{target.name} is {self.done} already, or is gone: nothing was changed"
            )
        return server


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
