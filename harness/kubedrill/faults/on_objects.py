"""Faults: what those on objects of the API have in common: how they are chosen, and that they are read."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from http.client import OK
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from kubedrill.cluster.handle import HandleError
from kubedrill.faults.api import Api, Object, uid
from kubedrill.faults.fault import Candidate, NamesWhom, Scene
from kubedrill.faults.toll import Toll
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.cluster import INJECTOR

COUNT = Field(
    None, ge=1, description="how many are chosen, where random chooses; one if nothing is said"
)
PERCENT = Field(None, gt=0, le=100, description="or what part of those there are, rounded down")
SELECTOR = Field("", description="only those with these labels are chosen from: app=web,tier!=db")


class OnObjects(NamesWhom, ABC):
    """A fault on objects of one kind, named or chosen by chance."""

    identity: ClassVar = INJECTOR
    known_before: ClassVar = False
    look_s: ClassVar = 2.0
    """The API is asked for each of them; what changes in it stays to be seen."""
    absent: ClassVar = "is not there, or as if it had been hit already"
    effect_s: ClassVar = 10.0
    return_s: ClassVar = 30.0

    count: int | None = COUNT
    percent: float | None = PERCENT
    selector: str = SELECTOR

    @abstractmethod
    def path(self, called: str) -> str:
        """Return where in the API the target is that a file calls so."""

    @abstractmethod
    def listed(self, api: Api) -> Iterator[Object]:
        """Return all those from which the file lets choose."""

    @abstractmethod
    def may_be_hit(self, found: Object) -> bool:
        """Whether there is anything to do to one of them."""

    @abstractmethod
    def called(self, found: Object) -> str:
        """Return what a file calls it."""

    @model_validator(mode="after")
    def _by_chance_or_by_name(self) -> Self:
        if self.asked() != "random" and (self.count or self.percent or self.selector):
            raise ValueError("count, percent and selector are for those that random chooses")
        if self.count and self.percent:
            raise ValueError("count and percent: only one of them can be so")
        return self

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:  # noqa: ARG002
        """Return the objects; how many a percentage is, is known only when they are chosen."""
        if self.asked() == "random":
            return (Toll(self.hits, (), self.count or 1, True),)
        return (self.toll(self.hits, True),)

    def drawn(self, there: int) -> int:
        """Return how many of those that are there are chosen."""
        if self.percent is not None:
            return int(there * self.percent / 100)
        return self.count or 1

    def candidates(self, scene: Scene) -> Sequence[Candidate]:
        """Return those to which there is anything to do."""
        with closing(Api(scene.record)) as api:
            names = [self.called(found) for found in self.listed(api) if self.may_be_hit(found)]
        return [Candidate(name) for name in sorted(names)]

    def found(self, scene: Scene) -> Mapping[str, Any]:
        """Return each target as it is before anything is done to it; HandleError if nothing may be done."""
        if why := scene.record.lacking(self.identity, self.name):
            raise HandleError(why)
        with closing(Api(scene.record)) as api:
            answers = {target.name: api.read(self.path(target.called)) for target in scene.hit}
        return {
            "before": {
                target: {"uid": uid(answer.said), **self.kept(answer.said)}
                for target, answer in answers.items()
                if answer.status == OK
            }
        }

    def kept(self, found: Object) -> Mapping[str, Any]:  # noqa: ARG002
        """Return what of an object must be known to bring it back, as plain JSON."""
        return {}


def named(found: Object) -> str:
    """Return what an object in a namespace is called here: `default/web-1`."""
    return f"{found['metadata']['namespace']}/{found['metadata']['name']}"


def within(namespace: str) -> str:
    """Return the part of a collection's path that says in which namespace it is; "" of all."""
    return f"/namespaces/{namespace}" if namespace else ""


def without_namespace(fault: NamesWhom) -> str:
    """Return why a name that a file gives is refused, which needs its namespace; or ""."""
    asked = fault.asked()
    names = [asked] if isinstance(asked, str) else asked
    bare = next((name for name in names if "/" not in name and name != "random"), "")
    return f"{fault.name}: {fault.hits} {bare}: write NAMESPACE/{bare}" if bare else ""


def same(scene: Scene, target: str, found: Object) -> bool:
    """Whether an object is the one that was hit, and none that was made since under its name."""
    before = scene.facts.get("before", {}).get(target)
    return before is not None and uid(found) == before["uid"]
