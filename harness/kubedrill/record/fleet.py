"""A fleet of nodes as a drill has it: `fleet.json`."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, with_config

from kubedrill.record.autoscaler import Autoscaler, Demand
from kubedrill.record.lines import STRICT, Amount, Count

MOST_NODES = 20_000
"""In one drill: four times what Kubernetes is tested with."""
REPLACED, REFUSED = "nodes.replaced", "evictions.refused"
"""Series that count what a fleet's processes tell of."""
KWOK = "kwok"
"""The engine in whose place a fleet's own nodes stand: https://kwok.sigs.k8s.io"""
CLUSTER = "cluster"
"""The engine that plays none: nodes of the cluster's own are only watched."""
Engine = Literal["hollow", "kwok", "cluster"]
NODE_CPUS = 4
"""What a node of a fleet has."""
WORKLOAD_CPUS = 3
"""Of these, what the workload's pods that are meant for a node request together."""
FIRST_S = 60.0
"""So long the first nodes may take to come."""
JOINED_PER_S = 5
"""So many more a second are waited for; 100 came in 27 s where 0.8 of a core was left for all."""


class Member(NamedTuple):
    """A node of the fleet."""

    name: str
    zone: str
    number: int
    """From 0, of all in the order in which they come."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Nodes that come together."""

    nodes: Annotated[int, Field(ge=1)]
    at_s: Amount
    """When they are asked for, in seconds from the drill's start."""
    stay_s: Amount | None = None
    """So long after that they go again; None: they stay until the drill ends."""


@dataclass(frozen=True, slots=True)
class PodTimes:
    """How long pods take on a node, seconds: simulated, there are no containers."""

    start_s: Amount = 1.0
    """The median of the time from a pod's coming to its node until its containers run."""
    spread: Amount = 0.3
    """The standard deviation of its logarithm."""


PullMode = Literal["plain", "on_demand", "p2p"]


@dataclass(frozen=True, slots=True)
class Images:
    """How nodes come by the images of their pods: simulated, as the pods are."""

    size_bytes: Amount
    """Of an image, in the median."""
    spread: Amount = 0.0
    """The standard deviation of the logarithm of an image's size."""
    node_link: Amount = 125e6
    """What a node takes in at most, bytes a second."""
    registry_link: Amount = 1.25e9
    """What the registry sends to all nodes together, bytes a second."""
    mode: PullMode = "plain"
    needed: Amount = 0.064
    """On demand: the share of an image that is loaded before its containers start.

    So much of theirs containers were seen to read to start: Harter and others, "Slacker: Fast Distribution
    with Lazy Docker Containers", FAST 2016.
    """
    peer_link: Amount | None = None
    """P2P: what a node sends to others at most, bytes a second; None: half of what its link can take."""
    failing: Amount = 0.0
    """The share of pulls that fail."""

    @property
    def loaded(self) -> float:
        """The share of an image that must be there before its containers start."""
        return self.needed if self.mode == "on_demand" else 1.0

    @property
    def from_peer(self) -> float:
        """What a node sends to others of the images that it has, or is loading, bytes a second."""
        sent = self.node_link / 2 if self.peer_link is None else self.peer_link
        return sent if self.mode == "p2p" else 0.0


@dataclass(frozen=True, slots=True)
class Workload:
    """How the pods are that are seeded to wait for nodes."""

    per_node: Annotated[int, Field(ge=1)] = 1
    """So many fit a node."""
    evicted_after_s: Amount | None = None
    """So long they stay on a node that is NotReady; None: as long as pods do by default, 300 s."""
    cpus: Amount | None = None
    """What each requests; None: its share of WORKLOAD_CPUS."""
    selector: dict[str, str] = field(default_factory=dict)
    """The labels of the nodes that they ask for: of the cluster's own, where those are watched."""
    max_unavailable: Count | None = None
    """So many of them may be unavailable, by a PodDisruptionBudget; None: there is none."""

    @property
    def milli_cpus(self) -> int:
        """What each requests, in thousandths."""
        return round(1000 * (self.cpus or WORKLOAD_CPUS / self.per_node))


@dataclass(frozen=True, slots=True)
class Overload:
    """What becomes of nodes whose pods use more than there is: simulated, as the pods are."""

    uses: Amount
    """CPUs that pods use, for each that they have requested."""
    after_s: Amount = 20.0
    """So long a node bears it in the median; then it hangs."""
    restarts_s: Amount = 120.0
    """So long it hangs; then it begins anew, with those of its pods that are still its own."""


@dataclass(frozen=True, slots=True)
class Repair:
    """The self-healing of nodes, as providers have it: those that are NotReady are restarted."""

    after_s: Amount = 60.0
    """So long one must be NotReady."""
    per_s: Amount = 0.1
    """So many a second at most, in all zones together."""
    boot_s: Amount = 10.0
    """So long one takes to start."""


@dataclass(frozen=True, slots=True)
class Replacing:
    """All nodes that are there from the beginning are replaced by new ones, one after the other."""

    at_s: Amount
    """When that begins, in seconds from the drill's start."""
    at_once: Annotated[int, Field(ge=1)] = 1
    """So many at the same time, in each zone."""
    boot_s: Amount = 10.0
    """From a node's deletion until the one in its place registers: simulated."""


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Fleet:
    """How many nodes there are, where, and when more come."""

    zones: tuple[str, ...] = ()
    """In turn; none: all that the cluster has."""
    nodes: Count = 0
    """Those that are Ready before the first phase begins."""
    bursts: tuple[Burst, ...] = ()
    pods: PodTimes = field(default_factory=PodTimes)
    engine: Engine = "hollow"
    """Who plays them."""
    workload: Workload = field(default_factory=Workload)
    overload: Overload | None = None
    """None: nodes bear everything."""
    repair: Repair | None = None
    """None: nobody repairs them."""
    images: Images | None = None
    """None: every node has every image."""
    replace: Replacing | None = None
    """None: they stay."""
    prefix: str = "node"
    """What the nodes' names begin with."""
    demands: tuple[Demand, ...] = ()
    """When more pods of the workload are wanted, in the order of time."""
    autoscaler: Autoscaler | None = None
    """None: nobody orders nodes for pods."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the processes that play it: its zones, which must be known, one for all, or none."""
        match self.engine:
            case "hollow":
                return self.zones
            case "kwok":
                return (KWOK,)
            case "cluster":
                return ()

    @property
    def total(self) -> int:
        """How many nodes there are when all have come."""
        ordered = self.autoscaler.at_most if self.autoscaler else 0
        return max(ordered, self.nodes + sum(burst.nodes for burst in self.bursts))

    @property
    def follows_demand(self) -> bool:
        """Whether nodes come as pods need them."""
        return self.autoscaler is not None or self.engine == CLUSTER

    @property
    def fit(self) -> int:
        """How many pods of the workload fit a node, by what they request."""
        if self.engine == CLUSTER:
            return self.workload.per_node
        return max(1000 * NODE_CPUS // self.workload.milli_cpus, 1)

    @property
    def most(self) -> int:
        """How many nodes there are at the same time, at most."""
        changes = sorted(
            change
            for burst in self.bursts
            for change in (
                (burst.at_s, burst.nodes),
                *([] if burst.stay_s is None else [(burst.at_s + burst.stay_s, -burst.nodes)]),
            )
        )
        there = accumulate((many for _, many in changes), initial=self.nodes)
        return max(*there, self.autoscaler.at_most if self.autoscaler else 0)

    def within(self, zones: tuple[str, ...]) -> "Fleet":
        """Return it with its zones, where it names none all `zones` of the cluster."""
        return replace(self, zones=self.zones or zones)

    def everyone(self, zone: str = "") -> Iterator[Member]:
        """Yield all that will ever be there, in the order in which they come."""
        yield from self.numbered(0, self.total, zone)
        yield from (new for _, new in self.replacements(zone))

    def replacements(self, zone: str = "") -> Iterator[tuple[Member, Member]]:
        """Yield those that are replaced, in the order in which that is done, and who comes in their place."""
        if self.replace is not None:
            for old in self.members(zone):
                number = self.total + old.number
                yield old, Member(f"{self.prefix}-{old.zone}-{number}", old.zone, number)

    def members(self, zone: str = "") -> Iterator[Member]:
        """Yield those that are there before the first phase, zones in turn; of one zone, if it is named."""
        return self.numbered(0, self.nodes, zone)

    def of_burst(self, index: int, zone: str = "") -> Iterator[Member]:
        """Yield those that come with a burst."""
        first = self.nodes + sum(burst.nodes for burst in self.bursts[:index])
        return self.numbered(first, first + self.bursts[index].nodes, zone)

    def numbered(self, first: int, end: int, zone: str = "") -> Iterator[Member]:
        """Yield those with the numbers from `first` to before `end`."""
        for number in range(first, end):
            where = self.zones[number % len(self.zones)]
            if zone in {"", where}:
                yield Member(f"{self.prefix}-{where}-{number}", where, number)


def patience_s(fleet: Fleet) -> float:
    """Return how long those that are there first may take to be Ready, as they come by and by."""
    return FIRST_S + fleet.nodes / JOINED_PER_S
