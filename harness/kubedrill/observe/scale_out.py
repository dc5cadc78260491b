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
from kubedrill.client.informer import Taking, ToldInformer
from kubedrill.client.reflector import Following
from kubedrill.client.watching import Watch
from kubedrill.clock import now
from kubedrill.observe.coming import NodesSeen, PodsSeen
from kubedrill.observe.observing import Observing, observe
from kubedrill.observe.ticks import in_time, ticks
from kubedrill.process.lifeline import on_end
from kubedrill.process.priority import prefer
from kubedrill.record.cluster import AUDITOR, ClusterRecord
from kubedrill.record.fleet import Fleet
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines, read_whole
from kubedrill.record.scale_out import Counted
from kubedrill.record.schedule import Schedule
from kubedrill.wire.connection import Connection
from kubedrill.wire.errors import WireError
from kubedrill.wire.response import Response
from kubedrill.wire.stream import Stream, Streaming
from kubedrill.wire.target import identity_target

EVERY_S = 1.0
READY_S = 20.0
"""So long the first look at all there is may take before the drill begins."""
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the observer of the run folder given by --run."""
    observe("scale_out", _ready, arguments)


def _ready(folder: RunFolder) -> Observing:
    scale_out = ScaleOut(folder, ClusterRecord.read(folder.cluster), _watched(folder))
    scale_out.begin()
    return scale_out.run


if __name__ == "__main__":
    main()
