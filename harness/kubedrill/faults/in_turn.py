"""Faults that take their targets one after the other: each only while all of the kind are well."""

from abc import ABC
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kubedrill.clock import SECOND, now
from kubedrill.cluster.handle import HandleError
from kubedrill.faults.fault import Scene, Seen
from kubedrill.faults.processes import ASK_S, OnProcesses
from kubedrill.faults.progress import ENDED
from kubedrill.faults.toll import Toll
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.faults import Witness

WELL_WITHIN_S = 10
"""For so long they are asked before they count as ill: on a busy machine one that is well answers late."""


class OneAfterTheOther(OnProcesses, ABC):
    """What those have in common that let components of one kind end, and start anew, in turn."""

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:
        """Return the components: one is away at a time, so that all may be named."""
        return [replace(toll, at_once=1) for toll in super().tolls(cluster)]

    def shows(self) -> tuple[Witness, ...]:
        """Return that each exits."""
        return ("exits",)

    def found(self, scene: Scene) -> Mapping[str, Any]:
        """Return nothing; HandleError unless all are well."""
        words = f"{self.name} begins only when every {self.component} is well"
        wait_until_well(words, lambda: self.all_well(scene))
        return {}

    def first(self, scene: Scene) -> Sequence[str]:
        """Return the first."""
        return scene.targets[:1]

    def all_well(self, scene: Scene) -> Seen:
        """Look whether all of the kind run, and say that they are well."""
        parts = (part.name for part in scene.record.parts if part.kind == self.component)
        return OnProcesses.undone(self, scene.of(*parts))


def wait_until_well(words: str, look: Callable[[], Seen]) -> None:
    """Look until all are well; HandleError with these words where they are not in time, or the drill ends."""
    until = now() + WELL_WITHIN_S * SECOND
    while not (seen := look()).proven:
        if now() >= until or ENDED.wait(ASK_S):
            raise HandleError(f"{words}: {seen.words}")
