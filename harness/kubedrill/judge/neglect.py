"""Judge: whether a fleet's nodes did what nodes do: a pod that one has runs soon, unless something is hit."""

from collections import Counter
from collections.abc import Iterator
from math import exp

from kubedrill.clock import SECOND
from kubedrill.judge.evidence import Evidence
from kubedrill.record.fleet import CLUSTER, Fleet
from kubedrill.record.scale_out import NodeSeen, PodSeen
from kubedrill.record.schedule import Phase

PATIENCE = 45 * SECOND
"""So much longer than its start takes at most a pod may take to run: a slow API is asked several times."""
FULL = 3
"""So many times as long where the machine may be full, and every request waits for it."""
GRACE = 60 * SECOND
"""So long a node that hangs is called Ready at most: 50 s by default, and what it takes to look."""
SPREAD = 4
"""No start takes longer than so many times its median: one of 500,000 does."""
SETTLES = 60 * SECOND
"""So long after a fault nobody expects anything of nodes."""


def neglected(evidence: Evidence, phase: Phase) -> Iterator[str]:
    """Yield which pods did not run in a phase, though each had a node that was Ready."""
    fleet = evidence.schedule.fleet
    if fleet is None or fleet.engine == CLUSTER or (fleet.images and fleet.images.failing):
        return  # a pod whose image cannot be pulled waits as long as that is so; of others nobody knows
    limit = _patience(evidence, fleet)
    late = [
        pod.name
        for pod in _waiting(evidence, limit)
        if phase.holds(pod.time + limit) and not _excused(evidence, pod.time, limit)
    ]
    if late:
        words = f"{late[0]} had a node that was Ready for {limit / SECOND:.0f} s, and did not run"
        yield words + (f"; {len(late) - 1:,} more" if len(late) > 1 else "")


def _patience(evidence: Evidence, fleet: Fleet) -> int:
    """Return how long a pod may take to run at most, in ns."""
    patience = PATIENCE * (FULL if evidence.schedule.headroom == "none" else 1)
    starts_s = SPREAD * fleet.pods.start_s + _pulls_s(evidence, fleet)
    return patience + (GRACE if fleet.overload else 0) + round(starts_s * SECOND)


def _pulls_s(evidence: Evidence, fleet: Fleet) -> float:
    """Return how long all images could take to come that pods of the drill need, one after the other."""
    if fleet.images is None:
        return 0.0
    bound = Counter(
        line.node
        for line in evidence.coming.seen.lines
        if isinstance(line, PodSeen) and line.step == "bound"
    )
    images, most = fleet.images, max(bound.values(), default=0)
    largest = images.size_bytes * images.loaded * exp(SPREAD * images.spread)
    return largest * (bound.total() / images.registry_link + most / images.node_link)


def _waiting(evidence: Evidence, limit: int) -> Iterator[PodSeen]:
    """Yield the pods that did not run so long after a node of the fleet had them, which was Ready since."""
    bound: dict[str, PodSeen] = {}
    ready: set[str] = set()
    for line in evidence.coming.seen.lines:
        for uid in [uid for uid, pod in bound.items() if line.time >= pod.time + limit]:
            yield bound.pop(uid)
        match line:
            case NodeSeen(name=name, step=step):
                if step == "ready":
                    ready.add(name)
                elif step in {"not_ready", "gone"}:
                    ready.discard(name)
                    bound = {uid: pod for uid, pod in bound.items() if pod.node != name}
            case PodSeen(uid=uid, step=step):
                if step == "bound" and line.node in ready:
                    bound[uid] = line
                elif step in {"running", "gone"}:
                    bound.pop(uid, None)


def _excused(evidence: Evidence, since: int, limit: int) -> bool:
    """Whether a fault may be the reason."""
    return any(
        fault.scheduled.inject <= since + limit and since <= fault.scheduled.undo + SETTLES
        for fault in evidence.faults
    )
