"""What was seen of nodes and pods while nodes came: `scale-out.jsonl`, and which objectives are about it."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from kubedrill.record.lines import Count, TimedLine
from kubedrill.record.objective import parse

SCALE_OUT = "scale_out"
"""What the series of how nodes come begin with; they are judged by this file."""
WORKLOAD = f"{SCALE_OUT}.workload"
"""This one is of pods that are wanted, not of nodes."""
EVICTED = "pods.evicted"
PODS_BECAME: dict[str, "PodStep"] = {
    EVICTED: "evicted",
    "pods.created": "created",
    "pods.bound": "bound",
    "pods.ready": "ready",
}
"""These are, too: by the series, what pods were seen to become."""
HEALTHY, VIOLATIONS = "workload.healthy", "pdb.violations"
"""And these."""

NodeStep = Literal["registered", "ready", "open", "not_ready", "gone"]
"""What a node was seen to become; `open`: Ready, and without a taint that keeps pods off."""
PodStep = Literal["created", "bound", "running", "ready", "evicted", "gone"]
"""What a pod was seen to become; `evicted`: it is deleted, for a taint of its node."""


class NodeSeen(TimedLine):
    """A node has become something."""

    of: Literal["node"] = "node"
    step: NodeStep
    name: str
    zone: str
    """"" if it says none."""


class PodSeen(TimedLine):
    """A pod has become something."""

    of: Literal["pod"] = "pod"
    step: PodStep
    name: str
    """With its namespace: `drill/web-1`."""
    uid: str
    node: str
    """"" while it has none."""


class Counted(TimedLine):
    """How many of each there are, each second, as far as is known."""

    of: Literal["all"] = "all"
    nodes: Count
    ready: Count
    open: Count
    pods: Count
    bound: Count
    running: Count
    pods_ready: Count
    unwatched: tuple[str, ...]
    """Of `nodes` and `pods`, those of which nothing is told just now: what they become is seen late."""
    healthy: Count | None = None
    """Pods of the seeded workload that are Ready, and not about to be deleted: what its budget counts."""
    least_healthy: Count | None = None
    """The fewest since the line before."""


SeenLine = Annotated[NodeSeen | PodSeen | Counted, Field(discriminator="of")]
"""A line of the file."""


class BurstTimes(BaseModel):
    """How long the nodes of one burst took to a step; None where that falls on one that never came so far."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    at_s: float
    """When they were asked for, from the phase's start."""
    nodes: int
    came: int
    p50_s: float | None
    p90_s: float | None
    max_s: float | None


class StepTimes(BaseModel):
    """How long the nodes that were asked for in a phase took to one step, from the demand for them on."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    phase: str
    step: str
    """`registered`, `ready`, `open`, `bound`, `running`, `pod_ready`; the last three: of the first pod."""
    nodes: int
    """So many were asked for."""
    came: int
    """So many of them came so far."""
    percentiles_s: list[float | None]
    """The 1st to the 100th: each one of the times; None where it falls on a node that never came so far."""
    p90_interval_s: tuple[float | None, float | None] | None = None
    """Where the 90th lies with 95 % confidence, by bootstrap; None where nobody can tell."""
    bursts: list[BurstTimes] = []
    """Of a phase with several."""


class ScaleOutBound(BaseModel):
    """What bounded the nodes that were asked for in a phase."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    phase: str
    seconds: float
    """From the first demand for them until nine tenths were open, or the phase's end."""
    free_share: float | None
    """Of the machine's CPU, meanwhile; None if nobody looked."""
    cores: dict[str, float]
    """What each kind of component, `fleet` and `drill` used of it, most first."""
    waited_s: dict[str, float]
    """By controller, how long half of its requests waited for its own limit, or longer, in the phase."""
    words: str


def needs_scale_out(objectives: Iterable[str]) -> bool:
    """Whether an objective, as written, is judged by this file."""
    asked = [parse(text).series for text in objectives]
    alone = {*PODS_BECAME, HEALTHY, VIOLATIONS}
    return any(series in alone or series.partition(".")[0] == SCALE_OUT for series in asked)
