"""Observe: when nodes and pods become what they are to become, from watches alone. scale-out.jsonl.

python -m kubedrill.observe.scale_out --run RUN

Events are dropped where much happens, and conditions are stamped in whole seconds: what counts is when
it was seen here, by one clock.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import quote

from kubedrill.client.caller import Caller
from kubedrill.client.informer import Object, Taking, ToldInformer, conditions
from kubedrill.client.reflector import Following
from kubedrill.client.watching import Watch
from kubedrill.clock import now
from kubedrill.observe.observing import Observing, observe
from kubedrill.observe.ticks import in_time, ticks
from kubedrill.process.lifeline import on_end
from kubedrill.process.priority import prefer
from kubedrill.record.cluster import AUDITOR, ClusterRecord
from kubedrill.record.fleet import Fleet
from kubedrill.record.folder import RunFolder
from kubedrill.record.labels import APART, RUN, WORKLOAD, ZONE
from kubedrill.record.lines import JsonLines, read_whole
from kubedrill.record.scale_out import Counted, NodeSeen, NodeStep, PodSeen, PodStep
from kubedrill.record.schedule import Schedule
from kubedrill.wire.connection import Connection
from kubedrill.wire.errors import WireError
from kubedrill.wire.response import Response
from kubedrill.wire.stream import Stream, Streaming
from kubedrill.wire.target import identity_target

EVERY_S = 1.0
READY_S = 20.0
"""So long the first look at all there is may take before the drill begins."""
EVICTED = ("DisruptionTarget", "DeletionByTaintManager")
"""Type and reason of the condition that a pod gets before the control plane evicts it."""
BLOCKING = ("NoSchedule", "NoExecute")
_SCHEDULED = "fieldSelector=spec.schedulerName%21%3Dnone"
"""Not the pods that are seeded: no scheduler touches them, and there may be 150,000."""


class Blocking:
    """Asks for one thread, each watch on a connection of its own: the load balancer, or an apiserver.

    Where one does not answer the next one is asked: what happens while the balancer is down is to be seen.
    """

    def __init__(self, record: ClusterRecord) -> None:
        servers = [None, *(server.serving for server in record.of_kind("kube-apiserver"))]
        targets = [identity_target(record, AUDITOR, server) for server in servers]
        self._asked = [
            (target, Caller(target, token, user_agent="kubedrill-scale-out"))
            for target, token in targets
        ]

    def request(self, method: str, path: str, accept: str = "application/json") -> bytes:
        """Return the bytes of a request, the same for all of them."""
        _, caller = self._asked[0]
        return caller.request(method, path, accept=accept)

    def exchange(self, request: bytes, deadline: int) -> Response:
        """Send a request and return its answer; WireError."""
        _, caller = self._asked[0]
        with self._or_the_next():
            return caller.ask(request, deadline)

    def stream(self, request: bytes, deadline: int) -> Streaming:
        """Send a request and return its answer as it comes; WireError."""
        target, _ = self._asked[0]
        with self._or_the_next():
            return Stream(Connection.open(target, deadline), request, deadline)

    def end(self, stream: Streaming) -> None:
        """Close a stream, and with it its connection."""
        assert isinstance(stream, Stream)
        stream.close()

    @contextmanager
    def _or_the_next(self) -> Iterator[None]:
        try:
            yield
        except WireError:
            self._asked.append(self._asked.pop(0))
            raise


class Preferred(ToldInformer):
    """Keeps up with a collection, before what else there is to do."""

    def follow(self, watch: Watch) -> Following:
        """Take what changes, until the watch ends."""
        prefer()  # what is seen late came late, as far as the verdict knows
        return (yield from super().follow(watch))


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
        ready = _is_ready(found)
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
        reached = 1 + bool(node) + running + (running and _is_ready(found))
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
        least, self._least = self._least, len(self._healthy)
        return {**many, "healthy": len(self._healthy), "least_healthy": least}

    def _counts(self, metadata: Object) -> bool:
        """Whether a disruption budget of the seeded workload counts a pod, if it is Ready."""
        labels = metadata.get("labels", {})
        ours = (labels.get(RUN), labels.get("app")) == (self._run, WORKLOAD)
        return ours and not metadata.get("deletionTimestamp")

    def _weigh(self, uid: str, healthy: bool) -> None:
        """Note whether a pod is healthy now."""
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


class ScaleOut:
    """Keeps up with nodes and pods, in a thread each, and counts them each second."""

    def __init__(self, folder: RunFolder, record: ClusterRecord, watched: str) -> None:
        """`watched`: of the query, which nodes are."""
        self._lines = JsonLines(folder.scale_out)
        self._nodes, self._pods = NodesSeen(self._lines), PodsSeen(self._lines, folder.run)
        self._watched = {
            "nodes": _informer(record, "/api/v1/nodes", self._nodes, watched),
            "pods": _informer(record, "/api/v1/pods", self._pods, _SCHEDULED),
        }
        self._ended = threading.Event()
        self._errors: list[Exception] = []

    def begin(self) -> None:
        """Look at all there is; return when it is known, or there is no more time for it."""
        for name, watched in self._watched.items():
            threading.Thread(target=self._guard, args=(watched,), name=name, daemon=True).start()
        deadline = time.monotonic() + READY_S
        for watched in self._watched.values():
            watched.begun.wait(max(deadline - time.monotonic(), 0.0))

    def run(self, schedule: Schedule) -> None:
        """Count until the drill, or its runner, has ended."""
        on_end(self._ended.set)
        for _ in in_time(ticks(schedule, EVERY_S), self._ended):
            self._count()
        if self._errors:
            raise self._errors[0]

    def _guard(self, watched: ToldInformer) -> None:
        try:
            watched.run()
        except Exception as error:  # noqa: BLE001 - raised again where the process ends
            self._errors.append(error)
            self._ended.set()

    def _count(self) -> None:
        unwatched = tuple(name for name, each in self._watched.items() if not each.is_told)
        counts = {**self._nodes.counts(), **self._pods.counts()}
        self._lines.add(Counted(time=now(), unwatched=unwatched, **counts))


def _informer(record: ClusterRecord, path: str, taking: Taking, selector: str) -> Preferred:
    return Preferred(Blocking(record), path, taking, selector=selector, sleep=time.sleep)


def _watched(folder: RunFolder) -> str:
    """Return, for a query, which nodes are watched: all, but where a fleet is some of the cluster's own."""
    fleet = read_whole(folder.fleet, Fleet) if folder.fleet.exists() else Fleet()
    labels = ",".join(f"{key}={value}" for key, value in fleet.workload.selector.items())
    return f"labelSelector={quote(labels)}" if labels else ""


def _is_ready(found: Object) -> bool:
    return conditions(found).get("Ready") == "True"


def _blocks(taint: Object) -> bool:
    """Whether a taint keeps pods off; not so the one of nodes that are there for the drill's alone."""
    return taint["effect"] in BLOCKING and taint["key"] != APART


def _is_evicted(status: Object) -> bool:
    """Whether the taint-eviction controller says that it deletes a pod: its node's taint is not tolerated."""
    return any(
        (each["type"], each.get("reason")) == EVICTED for each in status.get("conditions", ())
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the observer of the run folder given by --run."""
    observe("scale_out", _ready, arguments)


def _ready(folder: RunFolder) -> Observing:
    scale_out = ScaleOut(folder, ClusterRecord.read(folder.cluster), _watched(folder))
    scale_out.begin()
    return scale_out.run


if __name__ == "__main__":
    main()
