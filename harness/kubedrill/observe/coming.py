"""Observe: what nodes and pods become, as a watch tells it, each thing when it is seen."""

import threading

from kubedrill.client.informer import Object, is_ready
from kubedrill.clock import now
from kubedrill.record.labels import APART, RUN, WORKLOAD, ZONE
from kubedrill.record.lines import JsonLines
from kubedrill.record.scale_out import NodeSeen, NodeStep, PodSeen, PodStep

EVICTED = ("DisruptionTarget", "DeletionByTaintManager")
"""Type and reason of the condition that a pod gets before the control plane evicts it."""
BLOCKING = ("NoSchedule", "NoExecute")


class NodesSeen:
    """Notes what nodes become."""

    def __init__(self, lines: JsonLines) -> None:
        self._lines = lines
        self._ready: dict[str, bool] = {}
        self._open: dict[str, bool] = {}
        self._zones: dict[str, str] = {}
        self._found: set[str] = set()

    def begin(self) -> None:
        """Take that all nodes are looked at anew."""
        self._found.clear()

    def put(self, found: Object) -> None:
        """Take a node as it is now."""
        name = found["metadata"]["name"]
        self._found.add(name)
        ready = is_ready(found)
        taints = found.get("spec", {}).get("taints", ())
        is_open = ready and not any(map(_blocks, taints))
        if name not in self._ready:
            self._zones[name] = found["metadata"].get("labels", {}).get(ZONE, "")
            self._say(name, "registered")
        if ready != self._ready.get(name, False):
            self._say(name, "ready" if ready else "not_ready")
        if is_open and not self._open.get(name, False):
            self._say(name, "open")
        self._ready[name], self._open[name] = ready, is_open

    def gone(self, found: Object) -> None:
        """Take that a node is gone."""
        self._found.discard(found["metadata"]["name"])
        self._forget(found["metadata"]["name"])

    def all_found(self) -> None:
        """Forget those that were gone when all were looked at anew."""
        for name in self._ready.keys() - self._found:
            self._forget(name)

    def counts(self) -> dict[str, int]:
        """Return how many there are, and how they are."""
        return {
            "nodes": len(self._ready),
            "ready": sum([*self._ready.values()]),
            "open": sum([*self._open.values()]),
        }

    def _forget(self, name: str) -> None:
        if name in self._ready:
            self._say(name, "gone")
            del self._ready[name], self._open[name], self._zones[name]

    def _say(self, name: str, step: NodeStep) -> None:
        self._lines.add(NodeSeen(time=now(), step=step, name=name, zone=self._zones[name]))


PODS: tuple[PodStep, ...] = ("created", "bound", "running", "ready")
"""What a pod becomes, one after the other."""


class PodsSeen:
    """Notes what pods become, each thing once."""

    def __init__(self, lines: JsonLines, run: str) -> None:
        self._lines = lines
        self._run = run
        self._healthy: set[str] = set()
        """By uid, those of the seeded workload that are Ready, and not about to be deleted."""
        self._least = 0
        """The fewest of them since somebody last asked."""
        self._weighing = threading.Lock()
        """Who counts is another one than who is told."""
        self._steps: dict[str, int] = {}
        """By uid, how many of PODS were seen."""
        self._now: dict[str, int] = {}
        """By uid, how many of them hold now."""
        self._pods: dict[str, tuple[str, str]] = {}
        """By uid, name and node."""
        self._evicted: set[str] = set()
        """By uid."""
        self._found: set[str] = set()

    def begin(self) -> None:
        """Take that all pods are looked at anew."""
        self._found.clear()

    def put(self, found: Object) -> None:
        """Take a pod as it is now."""
        metadata, status = found["metadata"], found.get("status", {})
        uid, node = metadata["uid"], found.get("spec", {}).get("nodeName", "")
        self._found.add(uid)
        self._pods[uid] = f"{metadata['namespace']}/{metadata['name']}", node
        running = bool(node) and status.get("phase") == "Running"
        reached = 1 + bool(node) + running + (running and is_ready(found))
        for step in PODS[self._steps.get(uid, 0) : reached]:
            self._say(uid, step)
        if uid not in self._evicted and _is_evicted(status):
            self._evicted.add(uid)
            self._say(uid, "evicted")
        self._steps[uid], self._now[uid] = max(self._steps.get(uid, 0), reached), reached
        self._weigh(uid, reached == len(PODS) and self._counts(metadata))

    def gone(self, found: Object) -> None:
        """Take that a pod is gone."""
        self._found.discard(found["metadata"]["uid"])
        self._forget(found["metadata"]["uid"])

    def all_found(self) -> None:
        """Forget those that were gone when all were looked at anew."""
        for uid in self._steps.keys() - self._found:
            self._forget(uid)

    def counts(self) -> dict[str, int]:
        """Return how many there are, and how they are."""
        reached = [*self._now.values()]
        names = ("pods", "bound", "running", "pods_ready")
        many = {name: sum(many >= step for many in reached) for step, name in enumerate(names, 1)}
        with self._weighing:
            healthy = len(self._healthy)
            least, self._least = self._least, healthy
        return {**many, "healthy": healthy, "least_healthy": least}

    def _counts(self, metadata: Object) -> bool:
        """Whether a disruption budget of the seeded workload counts a pod, if it is Ready."""
        labels = metadata.get("labels", {})
        ours = (labels.get(RUN), labels.get("app")) == (self._run, WORKLOAD)
        return ours and not metadata.get("deletionTimestamp")

    def _weigh(self, uid: str, healthy: bool) -> None:
        """Note whether a pod is healthy now."""
        with self._weighing:
            (self._healthy.add if healthy else self._healthy.discard)(uid)
            self._least = min(self._least, len(self._healthy))

    def _forget(self, uid: str) -> None:
        if uid in self._steps:
            self._say(uid, "gone")
            del self._steps[uid], self._now[uid], self._pods[uid]
            self._evicted.discard(uid)
            self._weigh(uid, False)

    def _say(self, uid: str, step: PodStep) -> None:
        name, node = self._pods[uid]
        self._lines.add(PodSeen(time=now(), step=step, name=name, uid=uid, node=node))


def _blocks(taint: Object) -> bool:
    """Whether a taint keeps pods off; not so the one of nodes that are there for the drill's alone."""
    return taint["effect"] in BLOCKING and taint["key"] != APART


def _is_evicted(status: Object) -> bool:
    """Whether the taint-eviction controller says that it deletes a pod: its node's taint is not tolerated."""
    return any(
        (each["type"], each.get("reason")) == EVICTED for each in status.get("conditions", ())
    )
