"""Observe: which probes there are, by whom, over which path, and when each is due."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from kubedrill.record.clock import SECOND
from kubedrill.record.cluster import ClusterRecord, Endpoint
from kubedrill.record.schedule import Probing
from kubedrill.record.sidecar import ProbeSeries, ProbeSidecar

Verb = Literal["read", "write", "stale-read"]

# Multiples of the golden ratio spread any number of phases evenly over a period.
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True)
class Series:
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
        """The priority level: the prober's own, or the load's (then this is the victim)."""
        return "load" if self.identity == "victim" else "prober"

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


def all_series(record: ClusterRecord, probing: Probing) -> tuple[Series, ...]:
    """Return every series whose rate is not 0."""
    balancer = record.balancer
    table = [
        Series("balancer", balancer, "fresh", "read", "prober", probing.fresh_rate),
        Series("balancer", balancer, "fresh", "write", "prober", probing.fresh_rate),
        Series("balancer", balancer, "kept", "read", "prober", probing.kept_rate),
        Series("balancer", balancer, "kept", "write", "prober", probing.kept_rate),
        Series("balancer", balancer, "kept", "stale-read", "prober", probing.stale_rate),
        Series("balancer", balancer, "fresh", "read", "victim", probing.victim_rate),
        Series("balancer", balancer, "fresh", "write", "victim", probing.victim_rate),
    ]
    for one in record.of_kind("kube-apiserver"):
        path = f"apiserver-{one.zone}" if one.zone else one.name
        rate = probing.apiserver_rate
        # Kept: whether new connections are taken is seen through the balancer, for less.
        table.append(Series(path, one.serving, "kept", "read", "prober", rate))
        table.append(Series(path, one.serving, "kept", "write", "prober", rate))
    return tuple(series for series in table if series.rate > 0)


def sidecar(series: Sequence[Series], probing: Probing) -> ProbeSidecar:
    """Return what stands beside the samples. A target is known where no balancer chooses it."""
    return ProbeSidecar(
        series=tuple(one.described() for one in series),
        targets=tuple(targets(series)),
        deadline_s=probing.deadline_s,
        rates={one.name: one.rate for one in series},
    )


def targets(series: Sequence[Series]) -> list[str]:
    """Return the targets' names, `unknown` (behind the balancer) first."""
    return ["unknown", *dict.fromkeys(one.path for one in series if one.path != "balancer")]


def arrivals(series: Sequence[Series], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield (due in monotonic ns, index of the series) for each probe in [start, end), in order."""
    return heapq.merge(*(_arrivals_of(one, index, start, end) for index, one in enumerate(series)))


def _arrivals_of(series: Series, index: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    phase = index * _GOLDEN % 1.0
    number = 0
    # Each is computed from the start, so that no rounding adds up.
    while (due := start + int((number + phase) * SECOND / series.rate)) < end:
        yield due, index
        number += 1
