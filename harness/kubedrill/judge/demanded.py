"""Judge: what came for pods that were wanted: these, and the nodes that they needed, whatever their names."""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from kubedrill.clock import SECOND
from kubedrill.judge.node_arrival import STEPS, NodeArrival, first
from kubedrill.record.fleet import CLUSTER
from kubedrill.record.labels import namespace_of_workload
from kubedrill.record.scale_out import NodeSeen, PodSeen, SeenLine
from kubedrill.record.schedule import Schedule

STEP_OF_POD = {"ready": "pod_ready"}
"""What a step of a pod is called among those of its node."""


@dataclass(slots=True)
class SeenPod:
    """A pod of the workload: when each was seen, monotonic ns; None for what never was."""

    created: int
    node: str = ""
    ready: int | None = None


@dataclass(frozen=True, slots=True)
class DemandSeen:
    """Pods that were wanted at a time, and what came for them."""

    time: int
    wanted: int
    pods: Sequence[SeenPod]
    """Those of them that were made."""
    nodes: Sequence[NodeArrival]
    """As many as they needed; of those that came the ones that were of use first."""

    def seconds(self) -> list[float]:
        """Return how long each pod took from the demand until it was Ready; infinite if it never was."""
        ready = [pod.ready for pod in self.pods]
        missing = [None] * (self.wanted - len(ready))
        return [math.inf if at is None else (at - self.time) / SECOND for at in (*ready, *missing)]


def came(schedule: Schedule, lines: Iterable[SeenLine]) -> dict[str, int]:
    """Return when each node was seen first that came since pods were wanted, or the drill began; by name.

    Of a fleet those that its autoscaler may order; else whichever there are.
    """
    fleet = schedule.fleet
    if fleet is None or not fleet.follows_demand:
        return {}
    begin = schedule.comes(fleet.demands[0]) if fleet.demands else schedule.start
    ours = (
        {member.name for member in fleet.numbered(fleet.nodes, fleet.total)} if fleet.zones else ()
    )
    any_name = fleet.engine == CLUSTER
    seen: dict[str, int] = {}
    for line in lines:
        if (
            isinstance(line, NodeSeen)
            and line.step == "registered"
            and (any_name or line.name in ours)
        ):
            seen.setdefault(line.name, line.time)
    return {name: time for name, time in seen.items() if time >= begin}


def seen_demands(schedule: Schedule, lines: Sequence[SeenLine]) -> Iterator[DemandSeen]:
    """Yield each demand for pods with what came for it: pods in the order in which they were made."""
    fleet = schedule.fleet
    if fleet is None or not fleet.demands:
        return
    there = came(schedule, lines)
    left = _arrivals(there, lines, namespace_of_workload(schedule.run))
    made = deque(_pods(lines, namespace_of_workload(schedule.run)))
    for demand in fleet.demands:
        time = schedule.comes(demand)
        while made and made[0].created < time:
            made.popleft()  # they were there before, or stand for some that were
        pods = [made.popleft() for _ in range(min(demand.pods, len(made)))]
        had_room = sum(bool(pod.node) and there.get(pod.node, 0) < time for pod in pods)
        many = math.ceil((demand.pods - had_room) / fleet.fit)
        fresh = [node for node in left.values() if there[node.node] >= time]
        best = sorted(fresh, key=_use)[:many]
        for node in best:
            del left[node.node]
        missing = [NodeArrival("", "", time)] * (many - len(best))
        nodes = [*(replace(node, demand=time) for node in best), *missing]
        yield DemandSeen(time, demand.pods, pods, nodes if fleet.follows_demand else [])


def _arrivals(
    there: Iterable[str], lines: Iterable[SeenLine], namespace: str
) -> dict[str, NodeArrival]:
    """Return how each of these nodes came, with the first of the workload's pods."""
    found = {name: NodeArrival(name, "", 0) for name in there}
    for line in lines:
        match line:
            case NodeSeen(name=name, step=step, zone=zone) if name in found:
                found[name] = first(replace(found[name], zone=zone), step, line.time)
            case PodSeen(node=node, step=step) if node in found and _is_in(line, namespace):
                found[node] = first(found[node], STEP_OF_POD.get(step, step), line.time)
    return found


def _pods(lines: Iterable[SeenLine], namespace: str) -> list[SeenPod]:
    """Return the workload's pods, in the order in which they were made."""
    pods: dict[str, SeenPod] = {}
    for line in lines:
        if isinstance(line, PodSeen) and _is_in(line, namespace):
            pod = pods.setdefault(line.uid, SeenPod(line.time))
            pod.node = line.node or pod.node
            if line.step == "ready" and pod.ready is None:
                pod.ready = line.time
    return sorted(pods.values(), key=lambda pod: pod.created)


def _is_in(pod: PodSeen, namespace: str) -> bool:
    return pod.name.partition("/")[0] == namespace


def _use(node: NodeArrival) -> list[float]:
    """Return what sorts nodes by when they were of use: those first on which a pod was Ready first."""
    steps = (getattr(node, step) for step in reversed(STEPS))
    return [math.inf if at is None else at for at in steps]
