"""What the live view shows, measured by judge while the drill runs. Plain figures, no drawing."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LiveLoad:
    """One load over the last seconds."""

    offered: float
    """Arrivals a second that were due."""
    achieved: float
    """Whole, valid answers a second, counted by intended start."""
    p99_s: float | None
    """From the intended start, of what hangs so far; None without an answer, and where nothing hangs."""
    error_rate: float | None = None
    """Share 0..1 of those that have ended, or should have, that are no success; None without any."""


@dataclass(frozen=True, slots=True)
class LiveFigures:
    """One look at a running drill; rates and shares are over its last few seconds."""

    time: int
    """Monotonic ns."""
    phase: str | None
    """None before the first phase and after the last."""
    phase_left_s: float
    loads: Mapping[str, LiveLoad] = field(default_factory=dict)
    reads: float | None = None
    """Share 0..1 of scored reads answered in time (fresh, through the balancer); None without any."""
    writes: float | None = None
    members: Mapping[str, str] = field(default_factory=dict)
    """Zone -> healthy | unhealthy | refused | timeout, of etcd, as last asked."""
    leader: str | None = None
    """Zone of etcd's leader."""
    faults: tuple[str, ...] = ()
    """Faults in force, in words: `etcd.kill on etcd-b`."""
    rss: Mapping[str, float] = field(default_factory=dict)
    """Bytes of the largest component of a kind, by the kind, as last measured."""
    fsync_p99_s: float | None = None
    """Of all members' logs over the last seconds; None where nobody asks, or none was synced."""
    not_ready: float | None = None
    """Nodes that were not ready when last asked; None where nobody asks, or nobody answered."""
    objects: Mapping[str, float] = field(default_factory=dict)
    """How many there are of a kind (`pods`), as last counted; of those that somebody asks for."""
    upto: Mapping[str, int] = field(default_factory=dict)
    """By what a condition is on, or a load's name: when its newest sample became known, monotonic ns."""
    lag_s: float = 0.0
    """Largest event-loop lag of any load worker or the prober."""

    @property
    def healthy_members(self) -> float | None:
        """How many members of etcd were healthy when last asked; None before that."""
        if not self.members:
            return None
        return float([*self.members.values()].count("healthy"))

    @property
    def at_work(self) -> dict[str, LiveLoad]:
        """The loads that have something to do: those of other phases say nothing."""
        return {name: load for name, load in self.loads.items() if load.offered or load.achieved}
