"""Fleet: how many nodes of one shape pods need that find no room, by what they request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from kubedrill.client.informer import Object
from kubedrill.fleet.objects import MEMORY, PODS
from kubedrill.record.fleet import NODE_CPUS

_SUFFIXES: dict[str, float] = {
    **{f"{unit}i": 1024**power for power, unit in enumerate("KMGTPE", 1)},
    **{unit: 1000**power for power, unit in enumerate("kMGTPE", 1)},
    "m": 1e-3,
    "u": 1e-6,
    "n": 1e-9,
}


def amount(text: str) -> float:
    """Return a quantity as the API writes it: `500m`, `64Mi`, `2`."""
    for suffix, size in _SUFFIXES.items():
        if text.endswith(suffix):
            return float(text.removesuffix(suffix)) * size
    return float(text)


class PodRequest(NamedTuple):
    """What a pod requests."""

    milli_cpus: int
    memory: int

    @classmethod
    def of(cls, pod: Object) -> "PodRequest":
        """Return what a pod requests: its containers together, or one that runs before them, and overhead."""
        spec = pod["spec"]
        together = cls._sum(spec["containers"])
        before = [cls._sum([each]) for each in spec.get("initContainers", ())]
        over = cls._from(spec.get("overhead", {}))
        cpus, memory = (max(each) for each in zip(together, *before, strict=True))
        return cls(cpus + over.milli_cpus, memory + over.memory)

    @classmethod
    def _sum(cls, containers: Iterable[Object]) -> "PodRequest":
        parts = [cls._from(each.get("resources", {}).get("requests", {})) for each in containers]
        return cls(sum(part.milli_cpus for part in parts), sum(part.memory for part in parts))

    @classmethod
    def _from(cls, amounts: Mapping[str, Any]) -> "PodRequest":
        return cls(
            round(amount(amounts.get("cpu", "0")) * 1000), round(amount(amounts.get("memory", "0")))
        )


@dataclass(slots=True)
class NodeRoom:
    """What is free on a node; by default on one that nothing runs on."""

    milli_cpus: int = 1000 * NODE_CPUS
    memory: int = round(amount(MEMORY))
    pods: int = PODS

    def take(self, request: PodRequest, many: int = 1) -> int:
        """Let so many pods in, or as many of them as fit; return how many did."""
        fit = min(many, self.pods)
        for free, each in ((self.milli_cpus, request.milli_cpus), (self.memory, request.memory)):
            fit = min(fit, free // each) if each else fit
        fit = max(fit, 0)
        self.milli_cpus -= fit * request.milli_cpus
        self.memory -= fit * request.memory
        self.pods -= fit
        return fit


def nodes_needed(waiting: Mapping[PodRequest, int], rooms: Iterable[NodeRoom]) -> int:
    """Return how many more nodes these pods need, by what they request: first fit, the largest first.

    `rooms` is what is free on those that are there, or are coming. Pods must fit an empty node.
    """
    there = [*rooms]
    before = len(there)
    for request, many in sorted(waiting.items(), reverse=True):
        left = many
        for room in there:
            left -= room.take(request, left)
            if not left:
                break
        while left:
            there.append(NodeRoom())
            left -= there[-1].take(request, left)
    return len(there) - before
