"""Judge: how one node came, step by step."""

import math
from dataclasses import dataclass, replace
from typing import Any

from kubedrill.clock import SECOND


@dataclass(frozen=True, slots=True)
class NodeArrival:
    """One node: when it was asked for, and when each was seen; monotonic ns, None for what never was."""

    node: str
    """"" of one that was needed, and never appeared."""
    zone: str
    demand: int
    registered: int | None = None
    ready: int | None = None
    open: int | None = None
    bound: int | None = None
    running: int | None = None
    pod_ready: int | None = None

    def seconds(self, what: str) -> float:
        """Return how long something took from the demand on; infinite for what never was."""
        at: int | None = getattr(self, what)
        return math.inf if at is None else (at - self.demand) / SECOND


STEPS = ("registered", "ready", "open", "bound", "running", "pod_ready")
"""In the order in which they come."""


def first(arrival: NodeArrival, step: str, time: int) -> NodeArrival:
    """Return the arrival with when that was seen first."""
    if step not in STEPS or getattr(arrival, step) is not None:
        return arrival
    changed: dict[str, Any] = {step: time}
    return replace(arrival, **changed)
