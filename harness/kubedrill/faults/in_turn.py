"""Faults that take their targets one after the other: each only while all of the kind are well."""

from collections.abc import Callable

from kubedrill.clock import SECOND, now
from kubedrill.cluster.handle import HandleError
from kubedrill.faults.fault import Scene, Seen
from kubedrill.faults.processes import ASK_S, OnProcesses
from kubedrill.faults.progress import ENDED

WELL_WITHIN_S = 10
"""For so long they are asked before they count as ill: on a busy machine one that is well answers late."""


def all_well(fault: OnProcesses, scene: Scene) -> Seen:
    """Look whether all of the fault's kind run, and say that they are well."""
    parts = (part.name for part in scene.record.of_kind(fault.component))
    return OnProcesses.undone(fault, scene.of(*parts))


def begins_well(fault: OnProcesses, scene: Scene) -> None:
    """Raise HandleError where not all of the kind are well, so that the first must not be taken."""
    words = f"{fault.name} begins only when every {fault.component} is well"
    wait_until_well(words, lambda: all_well(fault, scene))


def wait_until_well(words: str, look: Callable[[], Seen]) -> None:
    """Look until all are well; HandleError with these words where they are not in time, or the drill ends."""
    until = now() + WELL_WITHIN_S * SECOND
    while not (seen := look()).proven:
        if now() >= until or ENDED.wait(ASK_S):
            raise HandleError(f"{words}: {seen.words}")
