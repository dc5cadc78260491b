"""Observe: when nodes and pods become what they are to become, from watches alone. scale-out.jsonl.

python -m kubedrill.observe.scale_out --run RUN

Events are dropped where much happens, and conditions are stamped in whole seconds: what counts is when
it was seen here, by one clock.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from urllib.parse import quote

from kubedrill.client.caller import Caller
from kubedrill.client.clientgo import OK
from kubedrill.client.informer import Taking, ToldInformer
from kubedrill.client.reflector import Following
from kubedrill.client.watching import Watch
from kubedrill.clock import SECOND, now
from kubedrill.observe.coming import NodesSeen, PodsSeen
from kubedrill.observe.nodes import CACHED
from kubedrill.observe.observing import Observing, observe
from kubedrill.observe.ticks import in_time, ticks
from kubedrill.process.lifeline import on_end
from kubedrill.process.priority import prefer
from kubedrill.record.cluster import AUDITOR, ClusterRecord
from kubedrill.record.fleet import Fleet
from kubedrill.record.folder import RunFolder
from kubedrill.record.labels import RUN
from kubedrill.record.lines import JsonLines, read_whole
from kubedrill.record.scale_out import Counted
from kubedrill.record.schedule import Schedule
from kubedrill.wire.connection import Connection
from kubedrill.wire.errors import WireError
from kubedrill.wire.response import Response
from kubedrill.wire.stream import Stream, Streaming
from kubedrill.wire.target import Target, identity_target

EVERY_S = 1.0
TIMEOUT = 5 * SECOND
"""A server that does not answer within this time is left for another one; on a full machine 3 s are usual."""
READY_S = 20.0
"""So long the first look at all there is may take before the drill begins."""
_SCHEDULED = "fieldSelector=spec.schedulerName%21%3Dnone"
"""Not the pods that are seeded: no scheduler touches them, and there may be 150,000."""


class Blocking:
    """Asks for one informer, each watch on a connection of its own: an apiserver, or what is before them.

    Where one does not answer the next one is asked.
    """

    def __init__(self, record: ClusterRecord) -> None:
        servers = dict.fromkeys([*record.apiservers, record.balancer])
        self._asked = deque(_Asked(*identity_target(record, AUDITOR, each)) for each in servers)
        self._watched: tuple[_Asked, Stream] | None = None

    def request(self, method: str, path: str, accept: str = "application/json") -> bytes:
        """Return the bytes of a request, the same for all of them."""
        return self._asked[0].caller.request(method, path, accept=accept)

    def exchange(self, request: bytes, deadline: int) -> Response:
        """Send a request and return its answer; WireError."""
        with self._or_the_next():
            return self._asked[0].caller.ask(request, deadline)

    def stream(self, request: bytes, deadline: int) -> Streaming:
        """Send a request and return its answer as it comes; WireError."""
        asked = self._asked[0]
        with self._or_the_next():
            stream = Stream(Connection.open(asked.target, deadline), request, deadline)
            self._watched = asked, stream
            return stream

    def end(self, stream: Streaming) -> None:
        """Close a stream, and with it its connection."""
        assert isinstance(stream, Stream)
        self._watched = None
        stream.close()

    def look(self) -> bool:
        """Return whether who is watched answers; one that does not is left. For another thread."""
        watched = self._watched
        if watched is None:
            return False
        asked, stream = watched
        question = asked.looking.request("GET", CACHED)
        with suppress(WireError):
            if asked.looking.ask(question, now() + TIMEOUT).status == OK:
                return True
        if self._asked[0] is asked:
            self._asked.rotate(-1)
        stream.connection.shut_down()  # whoever waits for it goes on with the next one
        return False

    @contextmanager
    def _or_the_next(self) -> Iterator[None]:
        try:
            yield
        except WireError:
            self._asked.rotate(-1)
            raise


class _Asked:
    """One server, for two threads: one that asks for an informer, and one that looks after it."""

    def __init__(self, target: Target, token: str | None) -> None:
        self.target = target
        self.caller, self.looking = (
            Caller(target, token, user_agent="kubedrill-scale-out") for _ in range(2)
        )


class Preferred(ToldInformer):
    """Keeps up with a collection, before what else there is to do."""

    def follow(self, watch: Watch) -> Following:
        """Take what changes, until the watch ends."""
        prefer()  # what is seen late came late, as far as the verdict knows
        return (yield from super().follow(watch))


class WatchedCollection:
    """One collection that is kept up with, in a thread, and looked after in another."""

    def __init__(self, record: ClusterRecord, path: str, taking: Taking, selector: str) -> None:
        self._asking = Blocking(record)
        self.informer = Preferred(self._asking, path, taking, selector=selector, sleep=time.sleep)
        self._answered = 0

    def look_after(self, ended: threading.Event) -> None:
        """See each second whether who is watched is there, until `ended` is set."""
        while not ended.wait(EVERY_S):
            begun = now()
            if self._asking.look():
                self._answered = begun

    @property
    def is_told(self) -> bool:
        """Whether a watch is open that tells what changes, by one who has answered not long ago."""
        return self.informer.is_told and now() - self._answered <= TIMEOUT


class ScaleOut:
    """Keeps up with nodes and pods, and counts them each second."""

    def __init__(self, folder: RunFolder, record: ClusterRecord, watched: str) -> None:
        """`watched`: of the query, which nodes are."""
        self._lines = JsonLines(folder.scale_out)
        self._nodes, self._pods = NodesSeen(self._lines), PodsSeen(self._lines, folder.run)
        self._watched = {
            "nodes": WatchedCollection(record, "/api/v1/nodes", self._nodes, watched),
            "pods": WatchedCollection(record, "/api/v1/pods", self._pods, _SCHEDULED),
        }
        self._ended = threading.Event()
        self._errors: list[Exception] = []

    def begin(self) -> None:
        """Look at all there is; return when it is known, or there is no more time for it."""
        for name, watched in self._watched.items():
            self._start(name, watched.informer.run)
            self._start(f"{name} looked after", partial(watched.look_after, self._ended))
        deadline = time.monotonic() + READY_S
        for watched in self._watched.values():
            watched.informer.begun.wait(max(deadline - time.monotonic(), 0.0))

    def run(self, schedule: Schedule) -> None:
        """Count until the drill, or its runner, has ended."""
        on_end(self._ended.set)
        for _ in in_time(ticks(schedule, EVERY_S), self._ended):
            self._count()
        if self._errors:
            raise self._errors[0]

    def _start(self, name: str, what: Callable[[], None]) -> None:
        threading.Thread(target=self._guard, args=(what,), name=name, daemon=True).start()

    def _guard(self, what: Callable[[], None]) -> None:
        try:
            what()
        except Exception as error:  # noqa: BLE001 - raised again where the process ends
            self._errors.append(error)
            self._ended.set()

    def _count(self) -> None:
        unwatched = tuple(name for name, each in self._watched.items() if not each.is_told)
        counts = {**self._nodes.counts(), **self._pods.counts()}
        self._lines.add(Counted(time=now(), unwatched=unwatched, **counts))


def _watched(folder: RunFolder) -> str:
    """Return, for a query, which nodes are watched: a fleet's own, or what it is of the cluster's."""
    fleet = read_whole(folder.fleet, Fleet) if folder.fleet.exists() else Fleet()
    wanted = {RUN: folder.run} if fleet.parts else fleet.workload.selector
    labels = ",".join(f"{key}={value}" for key, value in wanted.items())
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
