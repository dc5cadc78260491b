"""Faults on pods: deleted through the API, for good; their controllers make others in their place."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from http.client import ACCEPTED, OK
from typing import Any, ClassVar

from pydantic import Field

from kubedrill.cluster.handle import HandleError
from kubedrill.faults.actions import actions
from kubedrill.faults.api import Api, Object
from kubedrill.faults.fault import Scene, Seen, Whom, missing, proof
from kubedrill.faults.on_objects import OnObjects, named, same, within, without_namespace
from kubedrill.record.catalogue import ClusterDescription, Lasts


class PodDelete(OnObjects):
    """Delete pods: a controller makes others in their place."""

    name: ClassVar = "pod.delete"
    rights: ClassVar = "get,list,delete pods"
    functions: ClassVar = ("delete_pods", "pods_deleted")
    hits: ClassVar = "pod"
    target: ClassVar = "pod/{}"
    verb: ClassVar = "delete"
    done: ClassVar = "deleted"
    lasts: ClassVar[Lasts] = "momentary"
    absent: ClassVar = "is not there, or about to go"
    blast_radius: ClassVar = (
        "pod {pod}, which does not come back: its controller makes another; "
        "one that has none is refused, unless allow_pod_loss says true (it says {allow_pod_loss})"
    )

    pod: Whom = Field(
        "random", description="random, a pod's name with its namespace (default/web-1), or several"
    )
    namespace: str = Field("", description="only those in it are chosen from")
    grace_s: int | None = Field(
        None,
        ge=0,
        description="seconds that they have to end; as each pod says itself, if not given",
    )
    allow_pod_loss: bool = Field(
        False, description="even pods that no controller makes anew; they are gone for good"
    )

    def refuse(self, cluster: ClusterDescription) -> str:  # noqa: ARG002
        """Refuse names without a namespace."""
        return without_namespace(self)

    def path(self, called: str) -> str:
        """Return where the pod is that a file calls so."""
        return path_of(called)

    def listed(self, api: Api) -> Iterator[Object]:
        """Return the pods of the namespace, or all, with the labels."""
        return api.listed(f"/api/v1{within(self.namespace)}/pods", labelSelector=self.selector)

    def called(self, found: Object) -> str:
        """Return a pod's name with its namespace."""
        return named(found)

    def may_be_hit(self, found: Object) -> bool:
        """Whether it is there to stay; of those that chance chooses from, also whether it may be lost."""
        return not is_ending(found) and (self.pod != "random" or self._may_be_lost(found))

    def kept(self, found: Object) -> Mapping[str, Any]:
        """Return nothing; HandleError where it would be lost for good, and the file does not allow that."""
        if not self._may_be_lost(found):
            raise HandleError(
                f"no controller would make {named(found)} anew; {self.verb} another, "
                "or say allow_pod_loss: true"
            )
        return {}

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Delete them; return which apiserver took which."""
        with closing(Api(scene.record)) as api:
            return {
                "through": {target: self._deleted(scene, api, target) for target in scene.targets}
            }

    def did(self, scene: Scene) -> str:
        """Say which were deleted."""
        return f"deleted {', '.join(scene.targets)}"

    def took_effect(self, scene: Scene) -> Seen:
        """Look, through another apiserver, whether they are gone, or about to go."""
        with closing(Api(scene.record)) as api:
            for target in scene.targets:
                answer = api.read(
                    self.path(scene.called(target)), beside=scene.facts["through"][target]
                )
                if same(scene, target, answer.said) and not is_ending(answer.said):
                    return missing(f"{target} is there, says {answer.server}", target)
        return proof(f"{', '.join(scene.targets)}: gone, or about to go")

    def _may_be_lost(self, found: Object) -> bool:
        return self.allow_pod_loss or controller(found) is not None

    def _deleted(self, scene: Scene, api: Api, target: str) -> str:
        before = scene.facts["before"].get(target)
        if before is None:
            raise HandleError(f"{target} is gone already, so there was nothing to delete")
        options: Object = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": before["uid"]},
        }
        if self.grace_s is not None:
            options["gracePeriodSeconds"] = self.grace_s
        answer = api.write("DELETE", self.path(scene.called(target)), options)
        if answer.status not in {OK, ACCEPTED}:
            raise HandleError(f"{target} was not deleted: {answer.words()}")
        return answer.server


delete_pods, pods_deleted = actions(PodDelete)


def path_of(pod: str) -> str:
    """Return where in the API a pod of that name is."""
    namespace, _, name = pod.partition("/")
    return f"/api/v1/namespaces/{namespace}/pods/{name}"


def is_ending(pod: Object) -> bool:
    """Whether it is about to go, or has run to its end."""
    over = pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}
    return over or "deletionTimestamp" in pod["metadata"]


def controller(pod: Object) -> str | None:
    """Return the kind of the controller that makes such pods; None if none does."""
    owners = pod["metadata"].get("ownerReferences", ())
    return next((owner["kind"] for owner in owners if owner.get("controller")), None)
