"""Nodes that are drained: cordoned, and their pods evicted as disruption budgets allow."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from http.client import CREATED, NOT_FOUND, OK
from typing import Any, ClassVar, NamedTuple

from pydantic import Field

from kubedrill.cluster.handle import HandleError
from kubedrill.faults.actions import actions
from kubedrill.faults.api import Api, Object, uid
from kubedrill.faults.fault import Scene, Seen, proof
from kubedrill.faults.node import NodeCordon
from kubedrill.faults.on_objects import named
from kubedrill.faults.pod import controller, is_ending, path_of

_MIRROR = "kubernetes.io/config.mirror"
"""The annotation of a pod that a kubelet has from a file: the API cannot evict it."""


class _Pod(NamedTuple):
    name: str
    """`default/web-1`"""
    uid: str
    controlled: bool
    """Whether somebody makes another one in its place."""


class NodeDrain(NodeCordon):
    """Drain nodes until the phase ends: cordon them, and evict their pods as disruption budgets allow."""

    name: ClassVar = "node.drain"
    rights: ClassVar = "get,list,update nodes; list pods; create pods/eviction"
    functions: ClassVar = ("drain", "undrain")
    verb: ClassVar = "drain"
    blast_radius: ClassVar = (
        "node {node}: it is cordoned, and its pods are evicted, but for those of DaemonSets; "
        "they do not come back"
    )

    allow_pod_loss: bool = Field(
        False, description="even pods that no controller makes anew; they are gone for good"
    )
    allow_refusal: bool = Field(
        False, description="even where a disruption budget keeps pods until the end"
    )

    def may_be_hit(self, found: Object) -> bool:  # noqa: ARG002
        """Whether it is a node: one that was cordoned before has pods, too, and stays cordoned."""
        return True

    def change(self, spec: Object) -> bool:
        """Let nothing be scheduled to it, though that may be so already."""
        super().change(spec)
        return True

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Cordon them, and evict what may be."""
        with closing(Api(scene.record)) as api:
            pods = [pod for target in scene.hit for pod in _pods(api, target.called)]
            alone = [pod.name for pod in pods if not pod.controlled]
            if alone and not self.allow_pod_loss:
                raise HandleError(
                    f"no controller would make {', '.join(alone[:3])} anew; take another node, "
                    "or say allow_pod_loss: true"
                )
        facts = super().inject(scene)
        with closing(Api(scene.record)) as api:
            refused = dict(_evicted(api, pods))
        evicted = [pod.name for pod in pods if pod.name not in refused]
        return {**facts, "evicted": evicted, "refused": refused}

    def did(self, scene: Scene) -> str:
        """Say who was evicted, and who refused."""
        refused = "".join(f"; {pod}: {why}" for pod, why in scene.facts["refused"].items())
        return f"{super().did(scene)}, {len(scene.facts['evicted'])} pods evicted{refused}"

    def took_effect(self, scene: Scene) -> Seen:
        """Look whether they are cordoned; and who has left, or is about to."""
        seen = super().took_effect(scene)
        if not seen.proven:
            return seen
        evicted, refused = scene.facts["evicted"], scene.facts["refused"]
        with closing(Api(scene.record)) as api:
            there = {pod.name for target in scene.hit for pod in _pods(api, target.called)}
        if left := sorted(there & {*evicted}):
            return Seen(False, f"{', '.join(left[:3])} was evicted, and is there", scene.targets)
        return proof(f"{seen.words}; {len(evicted)} pods evicted, {len(refused)} refused so far")

    def advance(self, scene: Scene) -> Sequence[str]:
        """Try again what was refused, and what has come since; of all at once."""
        with closing(Api(scene.record)) as api:
            for target in scene.hit:
                for _ in _evicted(api, _pods(api, target.called)):
                    pass
        return ()

    def unfinished(self, scene: Scene) -> str:
        """Return which pods have not been evicted, and who refused that."""
        if self.allow_refusal:
            return ""
        with closing(Api(scene.record)) as api:
            left = [pod for target in scene.hit for pod in _pods(api, target.called)]
            refused = dict(_evicted(api, left, dry=True))
        return "; ".join(f"{pod} was not evicted: {why}" for pod, why in refused.items())


drain, undrain = actions(NodeDrain)


def _pods(api: Api, node: str) -> list[_Pod]:
    """Return the pods of a node that can be evicted, and are not about to go."""
    found = api.listed("/api/v1/pods", fieldSelector=f"spec.nodeName={node}")
    return [
        _Pod(named(pod), uid(pod), controller(pod) is not None)
        for pod in found
        if not is_ending(pod)
        and controller(pod) != "DaemonSet"
        and _MIRROR not in pod["metadata"].get("annotations", {})
    ]


def _evicted(api: Api, pods: list[_Pod], dry: bool = False) -> Iterator[tuple[str, str]]:
    """Evict pods; yield those that were not, with the reason."""
    for pod in pods:
        namespace, _, name = pod.name.partition("/")
        options: Object = {"preconditions": {"uid": pod.uid}} | ({"dryRun": ["All"]} if dry else {})
        content = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace},
            "deleteOptions": options,
        }
        answer = api.write("POST", f"{path_of(pod.name)}/eviction", content)
        causes = answer.said.get("details", {}).get("causes", ())
        if answer.status in {OK, CREATED, NOT_FOUND} or _is_going(causes):
            continue
        said = "; ".join(cause["message"] for cause in causes if "message" in cause)
        yield pod.name, said or answer.words()  # a disruption budget speaks in the causes


def _is_going(causes: Sequence[Object]) -> bool:
    """Whether a pod goes with its namespace, and so cannot be evicted any more."""
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)
