"""The `fleet:` of an experiment file: how many nodes, where, and when more come."""

from collections.abc import Iterable, Mapping
from typing import Self

from pydantic import Field, model_validator

from kubedrill.experiment.fleet_parts import (
    MOST_BURSTS,
    AutoscalerPart,
    BurstPart,
    ComingPart,
    DemandPart,
    ImagesPart,
    OverloadPart,
    RepairPart,
    ReplacePart,
    moment,
)
from kubedrill.reading.types import Duration, Part
from kubedrill.record.fleet import CLUSTER, MOST_NODES, Engine, Fleet, PodTimes, Workload

MOST_PODS = 100
"""On a node: it takes 110 in all."""


class FleetPart(Part):
    """Nodes that are played: to the API each is what a kubelet is, and nothing runs on it."""

    nodes: int = Field(0, ge=0, le=MOST_NODES)
    """How many there are, Ready, before the first phase."""
    zones: tuple[str, ...] = ()
    """Zones of the cluster, whose nodes come in turn; all of them, if none is named."""
    bursts: tuple[BurstPart, ...] = Field((), max_length=MOST_BURSTS)
    """Nodes that come while the drill runs."""
    pod_start: Duration = PodTimes().start_s
    """The median time from a pod's coming to a node until it runs there: simulated, as its containers are."""
    engine: Engine = "hollow"
    """Who plays them: `kwok` runs the program of that name, which has fewer of a node's requests; `cluster`
    plays none: nodes of the cluster's own are watched."""
    pods_per_node: int = Field(1, ge=1, le=MOST_PODS)
    """How many pods of `seed.workload` fit a node: each requests its share of 3 CPUs."""
    evicted_after: Duration | None = None
    """So long these pods stay on a node that is NotReady; 300 s by default, as all pods do."""
    overload: OverloadPart | None = None
    """What becomes of nodes whose pods use more than there is; without it they bear everything."""
    repair: RepairPart | None = None
    """The self-healing of nodes; without it nobody repairs them."""
    images: ImagesPart | None = None
    """How nodes come by the images of their pods; without it every node has every image."""
    demand: tuple[DemandPart, ...] = Field((), max_length=MOST_BURSTS)
    """Pods of the workload that are wanted while the drill runs."""
    autoscaler: AutoscalerPart | None = None
    """What orders nodes for pods that find no room; without it nobody does."""
    selector: dict[str, str] = Field(default_factory=dict)
    """With `engine: cluster`: the labels of the nodes that are watched, and on which the pods run."""
    pod_cpus: float | None = Field(None, gt=0, le=1000)
    """With `engine: cluster`: what each pod requests; a share of 3 CPUs by default."""
    max_unavailable: int | None = Field(None, ge=0, le=MOST_NODES)
    """How many pods of `seed.workload` may be unavailable, by a PodDisruptionBudget; else there is none."""
    replace: ReplacePart | None = None
    """The replacement of all `nodes` by new ones, each emptied by evictions; without it they stay."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not (self.nodes or self.bursts or self.autoscaler or self.engine == CLUSTER):
            raise ValueError("has no nodes; say nodes, bursts of them, or an autoscaler")
        if self.replace and not self.nodes:
            raise ValueError("replace: there are no nodes before the first phase; say nodes")
        return self

    @property
    def coming(self) -> list[str]:
        """The phases in which nodes come, as far as it is said in the right form."""
        orders = self.autoscaler is not None or self.engine == CLUSTER
        return [*_phases(self.bursts), *(self.demanding if orders else ())]

    @property
    def demanding(self) -> list[str]:
        """The phases in which pods are wanted, as far as it is said in the right form."""
        return _phases(self.demand)

    def settled(self, phases: Mapping[str, tuple[float, float]]) -> Fleet:
        """Return the fleet, its times from the drill's start; `phases`: start and end of each."""
        return Fleet(
            zones=self.zones,
            nodes=self.nodes,
            bursts=tuple(
                each for burst in self.bursts for each in burst.settled(*phases[burst.phase])
            ),
            pods=PodTimes(self.pod_start),
            engine=self.engine,
            workload=Workload(
                self.pods_per_node,
                self.evicted_after,
                self.pod_cpus,
                self.selector,
                self.max_unavailable,
            ),
            overload=self.overload.settled() if self.overload else None,
            repair=self.repair.settled() if self.repair else None,
            images=self.images.settled() if self.images else None,
            demands=tuple(
                each for demand in self.demand for each in demand.settled(*phases[demand.phase])
            ),
            autoscaler=self.autoscaler.settled() if self.autoscaler else None,
            replace=self.replace.settled(phases) if self.replace else None,
        )

    @classmethod
    def of(cls, fleet: Fleet, phases: Mapping[str, tuple[float, float]]) -> "FleetPart":
        """Return what `settled` made a fleet of."""
        bursts, demands = [], []
        for burst in fleet.bursts:
            phase, at = moment(burst.at_s, phases)
            bursts.append(BurstPart(phase=phase, at=at, nodes=burst.nodes, stay=burst.stay_s))
        for demand in fleet.demands:
            phase, at = moment(demand.at_s, phases)
            demands.append(DemandPart(phase=phase, at=at, pods=demand.pods))
        return cls(
            nodes=fleet.nodes,
            zones=fleet.zones,
            bursts=tuple(bursts),
            pod_start=fleet.pods.start_s,
            engine=fleet.engine,
            pods_per_node=fleet.workload.per_node,
            evicted_after=fleet.workload.evicted_after_s,
            overload=OverloadPart.of(fleet.overload) if fleet.overload else None,
            repair=RepairPart.of(fleet.repair) if fleet.repair else None,
            images=ImagesPart.of(fleet.images) if fleet.images else None,
            demand=tuple(demands),
            autoscaler=AutoscalerPart.of(fleet.autoscaler) if fleet.autoscaler else None,
            selector=fleet.workload.selector,
            pod_cpus=fleet.workload.cpus,
            max_unavailable=fleet.workload.max_unavailable,
            replace=ReplacePart.of(fleet.replace, phases) if fleet.replace else None,
        )


def _phases(coming: Iterable[ComingPart | None] | None) -> list[str]:
    return [each.phase for each in coming or () if each is not None and each.phase]
