"""Faults on Deployments: they have other replicas than they should, and then their own again."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from kubedrill.faults.actions import actions
from kubedrill.faults.amending import Amending
from kubedrill.faults.api import Api, Object
from kubedrill.faults.fault import Fault, Scene, Whom
from kubedrill.faults.on_objects import named, within, without_namespace
from kubedrill.record.catalogue import ClusterDescription

_API = "/apis/apps/v1"


class DeploymentScale(Amending):
    """Scale Deployments to so many replicas until the phase ends; then each has its own number again."""

    name: ClassVar = "deployment.scale"
    functions: ClassVar = ("scale_deployments", "scale_back")
    hits: ClassVar = "deployment"
    target: ClassVar = "deployment/{}"
    verb: ClassVar = "scale"
    done: ClassVar = "scaled"
    rights: ClassVar = "get,list,update deployments.apps"
    effect_s: ClassVar = 60.0
    return_s: ClassVar = 60.0
    blast_radius: ClassVar = (
        "deployment {deployment}: it has {replicas} replicas; pods that go come back as new ones"
    )

    deployment: Whom = Field(
        description="random, a Deployment's name with its namespace (default/web), or several"
    )
    replicas: int = Field(ge=0, le=10_000, description="how many it has meanwhile; 0: none")
    namespace: str = Field("", description="only those in it are chosen from")

    def is_hidden_by(self, other: Fault) -> bool:
        """Whether another one scales it, too."""
        return isinstance(other, DeploymentScale)

    def refuse(self, cluster: ClusterDescription) -> str:  # noqa: ARG002
        """Refuse names without a namespace."""
        return without_namespace(self)

    def path(self, called: str) -> str:
        """Return where the Deployment is that a file calls so."""
        namespace, _, name = called.partition("/")
        return f"{_API}/namespaces/{namespace}/deployments/{name}"

    def listed(self, api: Api) -> Iterator[Object]:
        """Return the Deployments of the namespace, or all, with the labels."""
        path = f"{_API}{within(self.namespace)}/deployments"
        return api.listed(path, labelSelector=self.selector)

    def called(self, found: Object) -> str:
        """Return a Deployment's name with its namespace."""
        return named(found)

    def kept(self, found: Object) -> Mapping[str, Any]:
        """Return how many replicas it should have."""
        return {"replicas": found["spec"]["replicas"]}

    def change(self, spec: Object) -> bool:
        """Want so many."""
        changed = not self.is_so(spec)
        spec["replicas"] = self.replicas
        return changed

    def mend(self, spec: Object, before: Mapping[str, Any]) -> bool:
        """Want as many as before, unless somebody else wants yet another number meanwhile."""
        changed = self.is_so(spec) and before["replicas"] != self.replicas
        if changed:
            spec["replicas"] = before["replicas"]
        return changed

    def is_so(self, spec: Object) -> bool:
        """Whether so many are wanted."""
        return spec.get("replicas") == self.replicas

    def shows_in(self, scene: Scene, target: str, found: Object) -> bool:
        """Whether there are so many pods as well, says its controller."""
        told = found.get("status", {})
        known = told.get("observedGeneration", 0) >= found["metadata"].get("generation", 0)
        there = told.get("replicas", 0) == self.replicas
        return super().shows_in(scene, target, found) and known and there


scale_deployments, scale_back = actions(DeploymentScale)
