"""The parts of the `fleet:` of an experiment file."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import count
from typing import Self

from pydantic import Field, model_validator

from kubedrill.reading.types import (
    AnyPercentage,
    Bandwidth,
    Duration,
    Part,
    Percentage,
    Rate,
    Size,
    Time,
)
from kubedrill.record.autoscaler import Autoscaler, Demand
from kubedrill.record.fleet import (
    MOST_NODES,
    Burst,
    Images,
    Overload,
    PullMode,
    Repair,
    Replacing,
)

MOST_BURSTS = 200
MOST_AT_ONCE = 100
_AUTOSCALER = Autoscaler(1)


class ComingPart(Part):
    """What comes, or is wanted, in a phase: once, or again and again."""

    phase: str
    """In which phase."""
    at: Time = 0.0
    """When, from the phase's start."""
    every: Duration | None = None
    """As many more so long after each time, as often as the phase holds."""
    times: int | None = Field(None, ge=1, le=MOST_BURSTS)
    """How often, with `every`."""

    @model_validator(mode="after")
    def _with_every(self) -> Self:
        if self.times is not None and self.every is None:
            raise ValueError("times: only with every, which says how long after each other")
        return self

    def moments(self, start: float, end: float) -> Iterator[float]:
        """Yield each time in a phase, from `start` to `end` in seconds of the drill."""
        every, times = self.every or 0.0, self.times or (None if self.every else 1)
        for number in count() if times is None else range(times):
            comes = round(start + (self.at or 0.0) + number * every, 9)
            if comes >= end:
                return
            yield comes


class BurstPart(ComingPart):
    """Nodes that come together."""

    nodes: int = Field(ge=1, le=MOST_NODES)
    """How many."""
    stay: Duration | None = None
    """So long after they were asked for they go again; without it they stay until the drill ends."""

    def settled(self, start: float, end: float) -> Iterator[Burst]:
        """Yield each time that they come in a phase, from `start` to `end` in seconds of the drill."""
        for comes in self.moments(start, end):
            yield Burst(self.nodes, comes, self.stay)


class DemandPart(ComingPart):
    """Pods that are wanted from then on, besides those of the workload that were before."""

    pods: int = Field(ge=1, le=MOST_NODES)
    """How many."""

    def settled(self, start: float, end: float) -> Iterator[Demand]:
        """Yield each time that more are wanted in a phase, from `start` to `end` in seconds of the drill."""
        for comes in self.moments(start, end):
            yield Demand(self.pods, comes)


class AutoscalerPart(Part):
    """What orders nodes for pods that find no room: the reference, as cluster-autoscaler does it."""

    at_most: int = Field(ge=1, le=MOST_NODES)
    """So many nodes there are in all, those of the beginning among them."""
    looks: Duration = _AUTOSCALER.looks_s
    """How often it looks."""
    boot: Time = _AUTOSCALER.boot_s
    """The median time from an order until the node begins to register: the provider's, simulated."""
    spread: float = Field(_AUTOSCALER.spread, ge=0, le=3)
    """The standard deviation of its logarithm."""

    def settled(self) -> Autoscaler:
        """Return it as it is recorded."""
        return Autoscaler(self.at_most, self.looks, self.boot, self.spread)

    @classmethod
    def of(cls, settled: Autoscaler) -> Self:
        """Return what `settled` made it of."""
        return cls(
            at_most=settled.at_most,
            looks=settled.looks_s,
            boot=settled.boot_s,
            spread=settled.spread,
        )


class OverloadPart(Part):
    """What becomes of nodes whose pods use more CPU than there is: each hangs, and is restarted."""

    uses: float = Field(gt=0, le=100)
    """CPUs that pods use, for each that they request."""
    after: Duration = Overload(1.0).after_s
    """So long a node bears it in the median: simulated, as its pods are."""
    restarts: Duration = Overload(1.0).restarts_s
    """So long it hangs; then it begins anew with those pods that are still its own."""

    def settled(self) -> Overload:
        """Return it as it is recorded."""
        return Overload(self.uses, self.after, self.restarts)

    @classmethod
    def of(cls, settled: Overload) -> Self:
        """Return what `settled` made it of."""
        return cls(uses=settled.uses, after=settled.after_s, restarts=settled.restarts_s)


class RepairPart(Part):
    """The self-healing of nodes: those that are NotReady are restarted."""

    after: Duration = Repair().after_s
    """So long one must be NotReady."""
    rate: Rate = Repair().per_s
    """So many are restarted at most."""
    boot: Duration = Repair().boot_s
    """So long one takes to start."""

    def settled(self) -> Repair:
        """Return it as it is recorded."""
        return Repair(self.after, self.rate, self.boot)

    @classmethod
    def of(cls, settled: Repair) -> Self:
        """Return what `settled` made it of."""
        return cls(after=settled.after_s, rate=settled.per_s, boot=settled.boot_s)


class ImagesPart(Part):
    """How nodes come by the images of their pods; without it every node has every image."""

    size: Size
    """Of an image, in the median: simulated, no byte is sent."""
    spread: float = Field(Images(1.0).spread, ge=0, le=3)
    """The standard deviation of the logarithm of an image's size; each has its own, in every run."""
    node_link: Bandwidth = Images(1.0).node_link
    """What a node takes in at most."""
    registry_link: Bandwidth = Images(1.0).registry_link
    """What the registry sends to all nodes together."""
    mode: PullMode = Images(1.0).mode
    """`on_demand`: containers start when what they need is there; `p2p`: nodes send to each other, too."""
    needed: Percentage = Images(1.0).needed
    """How much of an image that is, on demand."""
    peer_link: Bandwidth | None = Images(1.0).peer_link
    """What a node sends to others at most, with p2p; half of node_link by default."""
    failing: AnyPercentage = Images(1.0).failing
    """So many pulls fail."""

    def settled(self) -> Images:
        """Return it as it is recorded."""
        return Images(self.size, **self.model_dump(exclude={"size"}))

    @classmethod
    def of(cls, settled: Images) -> Self:
        """Return what `settled` made it of."""
        given = asdict(settled)
        return cls(size=given.pop("size_bytes"), **given)


class ReplacePart(Part):
    """All nodes that are there from the beginning are replaced, one after the other."""

    phase: str
    """In which phase that begins."""
    at: Time = 0.0
    """When, from the phase's start."""
    at_once: int = Field(Replacing(0.0).at_once, ge=1, le=MOST_AT_ONCE)
    """So many at the same time, in each zone."""
    boot: Duration = Replacing(0.0).boot_s
    """From a node's deletion until the one in its place registers: simulated."""

    def settled(self, phases: Mapping[str, tuple[float, float]]) -> Replacing:
        """Return it as it is recorded."""
        begins = round(phases[self.phase][0] + (self.at or 0.0), 9)
        return Replacing(begins, self.at_once, self.boot)

    @classmethod
    def of(cls, settled: Replacing, phases: Mapping[str, tuple[float, float]]) -> Self:
        """Return what `settled` made it of."""
        phase, at = moment(settled.at_s, phases)
        return cls(phase=phase, at=at, at_once=settled.at_once, boot=settled.boot_s)


def moment(at_s: float, phases: Mapping[str, tuple[float, float]]) -> tuple[str, float]:
    """Return in which phase a time of the drill is, and when in it."""
    name, (start, _) = next((name, times) for name, times in phases.items() if at_s < times[1])
    return name, round(at_s - start, 9)
