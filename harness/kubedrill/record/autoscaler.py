"""Pods that are wanted, and who orders nodes for them: as `fleet.json` has it, and what they did.

`demand.jsonl` says when pods were asked for, `autoscaler.jsonl` which nodes were ordered.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from kubedrill.record.lines import Amount, Count, Time, TimedLine


@dataclass(frozen=True, slots=True)
class Demand:
    """Pods of the workload that are wanted from a moment on, besides those that were before."""

    pods: Annotated[int, Field(ge=1)]
    at_s: Amount
    """In seconds from the drill's start."""


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """What orders nodes for pods that find no room, as cluster-autoscaler does."""

    at_most: Annotated[int, Field(ge=1)]
    """So many nodes there are in all, those of the beginning among them."""
    looks_s: Amount = 10.0
    """How often it looks; cluster-autoscaler's `--scan-interval` is 10 s by default."""
    boot_s: Amount = 0.0
    """The median of the time from an order until the node begins to register: the provider's, simulated."""
    spread: Amount = 0.3
    """The standard deviation of its logarithm."""


class Demanded(TimedLine):
    """More pods of the workload were asked for; `time` is when the API had taken that."""

    due: Time
    """When they were wanted, by the schedule."""
    sent: Time
    """When the API was asked first."""
    pods: Count
    """How many there are to be in all from then on."""


class NodesOrdered(TimedLine):
    """The autoscaler has ordered nodes: those with the numbers from `first` on."""

    of: Literal["order"] = "order"
    first: Count
    nodes: Annotated[int, Field(ge=1)]
    pods: Count
    """How many pods found no room at this look, and fit a node."""


class AutoscalerNow(TimedLine):
    """What the autoscaler knows, each second."""

    of: Literal["now"] = "now"
    unschedulable: Count
    """Pods of which the scheduler says that they fit nowhere."""
    unfit: Count
    """Those of them that would fit no node of the fleet either."""
    ordered: Count
    """Nodes that it has ordered so far."""
    looks: Count
    """How often it has looked, and knew of nodes and pods."""
    unwatched: tuple[str, ...]
    """Of `nodes` and `pods`, those of which nothing is told just now."""
    lag_s: Amount
    """By how much this process was late itself at most since the last line: it was kept from the CPU."""


AutoscalerLine = Annotated[NodesOrdered | AutoscalerNow, Field(discriminator="of")]
"""A line of `autoscaler.jsonl`."""
