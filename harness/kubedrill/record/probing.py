"""Which probes there are, by whom, over which path, and when each is due: for prober and judge."""

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kubedrill.clock import SECOND
from kubedrill.reading.arrivals import Times
from kubedrill.record.cluster import BREAK_GLASS, ClusterRecord, Component, Endpoint
from kubedrill.record.schedule import Probing
from kubedrill.record.series import EXEMPT
from kubedrill.record.sidecar import ProbeSeries, ProbeSidecar

Verb = Literal["read", "write", "stale-read"]

# Multiples of the golden ratio spread any number of phases evenly over a period.
_GOLDEN = 0.6180339887498949

_LEVELS = {"victim": "load", BREAK_GLASS: EXEMPT}
"""Those of identities that are not in the prober's own."""

_BLOCK = 1024
"""Probes that are computed at once."""

WRITES_A_SECOND = 4.0
"""So many of an object: what an apiserver takes a quarter of a second for meets no other write of it.

Two writes of one object that meet are one that is made and one that the apiserver begins again, from reading
it on; where each takes longer than the time between two, nearly all of them do. Measured with 2 cores under
a load of 20 and others at work: 50 writes a second of one object, 120 of 400 answered within 5 s, half of
them after 5.0 s; of 25 objects, all 400, half of them within 11 ms.
"""


@dataclass(frozen=True, slots=True)
class Lane:
    """Probes of one kind: the same question, by the same identity, over the same path."""

    path: str
    """balancer | apiserver-ZONE"""
    endpoint: Endpoint
    connection: Literal["fresh", "kept"]
    verb: Verb
    identity: str
    rate: float
    """Probes a second."""

    @property
    def level(self) -> str:
        """The priority level: the prober's own, the load's (of the victim), or none: exempt (break-glass)."""
        return _LEVELS.get(self.identity, "prober")

    @property
    def name(self) -> str:
        """Return `path/connection/verb/level`."""
        return f"{self.path}/{self.connection}/{self.verb}/{self.level}"

    def described(self) -> ProbeSeries:
        """Return what the sidecar says of it."""
        return ProbeSeries(
            name=self.name,
            path=self.path,
            connection=self.connection,
            verb=self.verb,
            level=self.level,
        )


def all_lanes(record: ClusterRecord, probing: Probing) -> tuple[Lane, ...]:
    """Return every lane whose rate is not 0."""
    balancer = record.balancer
    table = [
        Lane("balancer", balancer, "fresh", "read", "prober", probing.rates.fresh),
        Lane("balancer", balancer, "fresh", "write", "prober", probing.rates.fresh),
        Lane("balancer", balancer, "kept", "read", "prober", probing.rates.kept),
        Lane("balancer", balancer, "kept", "write", "prober", probing.rates.kept),
        Lane("balancer", balancer, "kept", "stale-read", "prober", probing.rates.stale),
        Lane("balancer", balancer, "fresh", "read", "victim", probing.rates.victim),
        Lane("balancer", balancer, "fresh", "write", "victim", probing.rates.victim),
    ]
    for apiserver in record.of_kind("kube-apiserver"):
        path, rate = _path(apiserver), probing.rates.apiserver
        # Kept: whether new connections are taken is seen through the balancer, for less.
        table.append(Lane(path, apiserver.serving, "kept", "read", "prober", rate))
        table.append(Lane(path, apiserver.serving, "kept", "write", "prober", rate))
    table += _break_glass(record, probing.rates.break_glass)
    return tuple(lane for lane in table if lane.rate > 0)


def _break_glass(record: ClusterRecord, rate: float) -> Iterator[Lane]:
    """Yield the ways by which the break-glass identity may get in, if the cluster has one."""
    if BREAK_GLASS not in record.identities:
        return
    yield Lane("balancer", record.balancer, "fresh", "read", BREAK_GLASS, rate)
    for apiserver in record.of_kind("kube-apiserver"):
        yield Lane(_path(apiserver), apiserver.serving, "fresh", "read", BREAK_GLASS, rate)


def _path(apiserver: Component) -> str:
    return f"apiserver-{apiserver.zone}" if apiserver.zone else apiserver.name


def sidecar(lanes: Sequence[Lane], probing: Probing) -> ProbeSidecar:
    """Return what stands beside the samples. A target is known where no balancer chooses it."""
    return ProbeSidecar(
        series=tuple(lane.described() for lane in lanes),
        targets=tuple(targets(lanes)),
        deadline_s=probing.deadline,
        rates={lane.name: lane.rate for lane in lanes},
    )


def written(lanes: Sequence[Lane], there: int) -> int:
    """Return over how many objects, of those that are there, the writes of lanes are spread."""
    writes = sum(lane.rate for lane in lanes if lane.verb == "write")
    return min(there, max(1, math.ceil(writes / WRITES_A_SECOND)))


def targets(lanes: Sequence[Lane]) -> list[str]:
    """Return the targets' names, `unknown` (behind the balancer) first."""
    return ["unknown", *dict.fromkeys(lane.path for lane in lanes if lane.path != "balancer")]


def arrivals(lanes: Sequence[Lane], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield (due in monotonic ns, index of the lane) for each probe in [start, end), in order."""
    return heapq.merge(*(_arrivals_of(lane, index, start, end) for index, lane in enumerate(lanes)))


def _arrivals_of(lane: Lane, index: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    for block in dues(lane, index, start, end):
        for due in block.tolist():
            yield due, index


def dues(lane: Lane, index: int, start: int, end: int) -> Iterator[Times]:
    """Yield when the probes of a lane are due in [start, end), monotonic ns, block by block.

    `index` is its position among all of the drill's.
    """
    phase = index * _GOLDEN % 1.0
    number = 0
    while True:
        numbers = np.arange(number, number + _BLOCK, dtype=np.float64)
        # Each is computed from the start, so that no rounding adds up.
        after = np.minimum((numbers + phase) * SECOND / lane.rate, end - start)
        block = start + after.astype(np.int64)
        yield block[: np.searchsorted(block, end)]
        if block[-1] >= end:
            return
        number += _BLOCK
