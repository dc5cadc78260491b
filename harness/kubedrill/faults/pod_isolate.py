"""Faults on pods: cut from the network by a NetworkPolicy of the drill's own, which goes when it is undone.

What is proven is that the policy stands. Whether the cluster's network keeps to it is the network's affair.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from http.client import ACCEPTED, CREATED, NOT_FOUND, OK
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from kubedrill.cluster.handle import HandleError
from kubedrill.faults.actions import actions
from kubedrill.faults.api import Api, Object, uid
from kubedrill.faults.attempting import each
from kubedrill.faults.fault import Candidate, Lapse, NamesWhom, Scene, Seen, Whom, missing, proof
from kubedrill.faults.toll import Toll
from kubedrill.reading.types import matching
from kubedrill.record.catalogue import CHOSEN_LATER, ClusterDescription
from kubedrill.record.cluster import INJECTOR
from kubedrill.record.labels import MANAGED

_NETWORKING = "/apis/networking.k8s.io/v1"
_LABEL = r"[A-Za-z0-9][-A-Za-z0-9_./]*=[-A-Za-z0-9_.]*"
Labels = Annotated[
    str, matching(rf"{_LABEL}(,{_LABEL})*", "is no list of labels, such as app=web,tier=db")
]
_WAYS = {"both": ("Ingress", "Egress"), "in": ("Ingress",), "out": ("Egress",)}


class PodIsolate(NamesWhom):
    """Cut pods from the network by a NetworkPolicy until the phase ends."""

    name: ClassVar = "pod.isolate"
    rights: ClassVar = "get,list,create,delete networkpolicies.networking.k8s.io; list pods"
    identity: ClassVar = INJECTOR
    functions: ClassVar = ("isolate_pods", "let_in_again")
    hits: ClassVar = "namespace"
    known_before: ClassVar = False
    target: ClassVar = "namespace/{}"
    verb: ClassVar = "isolate"
    done: ClassVar = "isolated"
    absent: ClassVar = "has no pods with these labels"
    blast_radius: ClassVar = (
        "pods {selector} in namespace {namespace} ({direction}), as far as the network keeps to it"
    )
    look_s: ClassVar = 2.0
    """The API is asked for each of them."""
    effect_s: ClassVar = 10.0
    return_s: ClassVar = 30.0

    namespace: Whom = Field(description="the namespace of the pods (web), or several")
    selector: Labels = Field(description="labels of the pods that are cut off: app=web,tier=db")
    direction: Literal["both", "in", "out"] = Field(
        "both", description="what does not come through: to them (in), from them (out), or both"
    )

    def refuse(self, cluster: ClusterDescription) -> str:  # noqa: ARG002
        """Refuse a choice by chance: nobody should be cut off who is not named."""
        by_chance = self.namespace in CHOSEN_LATER
        return f"{self.name}: name the namespace: none is chosen by chance" if by_chance else ""

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:  # noqa: ARG002
        """Return the namespaces, none of which is away."""
        return (replace(self.toll(self.hits, True), counts=False),)

    def candidates(self, scene: Scene) -> Sequence[Candidate]:
        """Return the namespaces that are named in which there are such pods."""
        named = [self.namespace] if isinstance(self.namespace, str) else self.namespace
        with closing(Api(scene.record)) as api:
            return [Candidate(space) for space in named if any(self._pods(api, space))]

    def found(self, scene: Scene) -> Mapping[str, Any]:
        """Return how many pods there are; HandleError where another policy lets them through."""
        if why := scene.record.lacking(self.identity, self.name):
            raise HandleError(why)
        with closing(Api(scene.record)) as api:
            return {"pods": {hit.name: self._alone(api, hit.called) for hit in scene.hit}}

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Make the policies; return which they are, and which apiserver took which."""
        with closing(Api(scene.record)) as api:
            made = {target: self._made(api, scene, target) for target in scene.targets}
        return {"made": made}

    def did(self, scene: Scene) -> str:
        """Say of how many pods."""
        pods = scene.facts["pods"]
        told = (f"{pods[target]} pods {self.selector} in {target}" for target in scene.targets)
        return f"made NetworkPolicy {_name(scene)}: of {' and '.join(told)}"

    def took_effect(self, scene: Scene) -> Seen:
        """Look, through another apiserver, whether the policies stand."""
        if lapse := self.lapse(scene):
            return missing(lapse.words, *scene.targets)
        words = "whether the network keeps to it was not looked at"
        return proof(
            f"NetworkPolicy {_name(scene)} stands in {' and '.join(scene.targets)}; {words}"
        )

    def lapse(self, scene: Scene) -> Lapse | None:
        """Return which policy is not there any more, or is another."""
        with closing(Api(scene.record)) as api:
            for target, (known, server) in scene.facts["made"].items():
                answer = api.read(_path(scene, target), beside=server)
                if answer.status == NOT_FOUND:
                    return Lapse(f"NetworkPolicy {_name(scene)} was not there, in {target}")
                if uid(answer.said) != known or not self._is_ours(answer.said["spec"]):
                    return Lapse(f"NetworkPolicy {_name(scene)} was changed, in {target}")
        return None

    def undo(self, scene: Scene) -> None:
        """Take the policies away; those that are gone already stay so."""
        with closing(Api(scene.record)) as api:
            each(scene.targets, lambda target: _remove(api, _path(scene, target)))

    def undone(self, scene: Scene) -> Seen:
        """Look whether they are gone."""
        with closing(Api(scene.record)) as api:
            there = [
                target for target in scene.targets if api.read(_path(scene, target)).status == OK
            ]
        if there:
            return missing(f"NetworkPolicy {_name(scene)} is there yet", *there)
        return proof(f"NetworkPolicy {_name(scene)} is gone from {' and '.join(scene.targets)}")

    @property
    def _spec(self) -> Object:
        labels = dict(label.split("=", 1) for label in self.selector.split(","))
        return {"podSelector": {"matchLabels": labels}, "policyTypes": [*_WAYS[self.direction]]}

    def _is_ours(self, spec: Object) -> bool:
        """Whether a policy says what ours does, and lets nothing through."""
        return {key: value for key, value in spec.items() if value} == self._spec

    def _pods(self, api: Api, namespace: str) -> Iterator[Object]:
        return api.listed(f"/api/v1/namespaces/{namespace}/pods", labelSelector=self.selector)

    def _alone(self, api: Api, namespace: str) -> int:
        """Return how many pods there are; HandleError where a policy that is there lets them through.

        Policies add up: what any of them lets through comes through.
        """
        pods = [*self._pods(api, namespace)]
        for policy in api.listed(_policies(namespace)):
            spec = policy["spec"]
            lets = [way for way in _WAYS[self.direction] if spec.get(way.lower())]
            if lets and any(selects(spec.get("podSelector", {}), pod) for pod in pods):
                raise HandleError(
                    f"NetworkPolicy {namespace}/{policy['metadata']['name']} lets {' and '.join(lets)} of "
                    "these pods through, which another policy does not keep out: policies only add up"
                )
        return len(pods)

    def _made(self, api: Api, scene: Scene, target: str) -> tuple[str, str]:
        """Make the policy of a target; return its uid, and who took it."""
        content = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": _name(scene), "labels": MANAGED},
            "spec": self._spec,
        }
        answer = api.write("POST", _policies(scene.called(target)), content)
        if answer.status != CREATED:
            raise HandleError(f"no NetworkPolicy was made in {target}: {answer.words()}")
        return uid(answer.said), answer.server


isolate_pods, let_in_again = actions(PodIsolate)


def selects(selector: Object, pod: Object) -> bool:
    """Whether a label selector, as of a NetworkPolicy, selects a pod."""
    labels: Mapping[str, str] = pod["metadata"].get("labels") or {}
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    expressions: Iterable[Object] = selector.get("matchExpressions") or ()
    return wanted.items() <= labels.items() and all(_holds(said, labels) for said in expressions)


def _holds(expression: Object, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(expression["key"]), expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
    return value is None


def _name(scene: Scene) -> str:
    """Return the name of the fault's policies: whoever undoes it knows it, whatever was learnt."""
    return f"kubedrill-{scene.owner}"


def _policies(namespace: str) -> str:
    return f"{_NETWORKING}/namespaces/{namespace}/networkpolicies"


def _path(scene: Scene, target: str) -> str:
    return f"{_policies(scene.called(target))}/{_name(scene)}"


def _remove(api: Api, path: str) -> None:
    answer = api.write("DELETE", path, {"apiVersion": "v1", "kind": "DeleteOptions"})
    if answer.status not in {OK, ACCEPTED, NOT_FOUND}:
        raise HandleError(f"DELETE {path}: {answer.words()}")
