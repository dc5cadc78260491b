"""Faults that change what is wanted of objects of the API; all is brought back as it was."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import Any

from kubedrill.cluster.handle import HandleError
from kubedrill.faults.api import Api, Object
from kubedrill.faults.attempting import each
from kubedrill.faults.fault import Lapse, Scene, Seen, missing, proof
from kubedrill.faults.on_objects import OnObjects, same
from kubedrill.record.target import Target


class Amending(OnObjects, ABC):
    """What those have in common that change what is wanted of objects (`spec`), and change it back."""

    @abstractmethod
    def change(self, spec: Object) -> bool:
        """Change an object's `spec`; return whether there was anything to change."""

    @abstractmethod
    def mend(self, spec: Object, before: Mapping[str, Any]) -> bool:
        """Change back what of it is still as the fault made it; return whether there was anything."""

    @abstractmethod
    def is_so(self, spec: Object) -> bool:
        """Whether it is as the fault makes it."""

    def may_be_hit(self, found: Object) -> bool:
        """Whether it is not so already."""
        return not self.is_so(found.get("spec", {}))

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
                if not self.shows_in(scene, target, answer.said):
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

    def shows_in(self, scene: Scene, target: str, found: Object) -> bool:
        """Whether the effect shows in a target."""
        return self._hit(scene, target, found)

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
