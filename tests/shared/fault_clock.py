"""When something came to pass, as somebody saw it who looks every few milliseconds, in threads of its own."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from fault_observers import Processes

from kubedrill.client.caller import Caller
from kubedrill.clock import now
from kubedrill.cluster.handle import present
from kubedrill.cluster.provider import handle_of
from kubedrill.record.cluster import ClusterRecord
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import identity_target

PACE_S = 0.01
PATIENT_S = 0.1
"""Who does not answer within this time does not answer: on one machine it takes 2 ms."""

Look = Callable[[], bool]


class Change(NamedTuple):
    """That something holds, or does not any more."""

    time: int
    """When the look began that said so, monotonic ns."""
    within: int
    """Since the look before it, ns: it came to hold in that time, or while it was looked at."""
    took: int
    """Until the look was answered, ns: who stands still answers when he goes on."""
    holds: bool

    def misses(self, told: int) -> int:
        """Return by how much a time lies outside of what is known of when it came to hold, ns."""
        return max(self.time - self.within - told, told - self.time - self.took, 0)


@dataclass(slots=True)
class Watch:
    """Whether something holds, looked at again and again: when that changed."""

    name: str
    changes: list[Change] = field(default_factory=list)
    _before: int = 0

    def note(self, asked: int, holds: bool) -> None:
        """Note what a look has just said that began then."""
        if not self.changes or self.changes[-1].holds is not holds:
            self.changes.append(Change(asked, asked - self._before, now() - asked, holds))
        self._before = asked

    def last(self) -> Change | None:
        """Return since when it is as it is; None if nobody has looked yet."""
        return self.changes[-1] if self.changes else None


def all_hold(watches: Sequence[Watch], after: int) -> Change:
    """Return the change seen after that time with which all of them held for the first time."""
    changes = sorted((change, number) for number, of in enumerate(watches) for change in of.changes)
    holds = [False] * len(watches)
    for change, number in changes:
        holds[number] = change.holds
        if all(holds) and change.time + change.took >= after:
            return change
    raise AssertionError(f"they never held all at once: {[watch.name for watch in watches]}")


class Clock:
    """Watches, each in a thread of its own."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._opened = ExitStack()

    def close(self) -> None:
        """Look no more."""
        self._over.set()
        self._opened.close()

    def watch(self, name: str, look: Look) -> Watch:
        """Look from now on."""
        watch = Watch(name)

        def work() -> None:
            while not self._over.wait(PACE_S):
                asked = now()
                watch.note(asked, look())

        thread = threading.Thread(target=work, name=name)
        thread.start()
        self._opened.callback(thread.join)
        return watch

    def dialled(self, cluster: ClusterRecord, zone: str, to: str) -> Watch:
        """Watch whether a member of one zone is out of reach of another: connected to every 10 ms."""
        watch = Watch(f"etcd-{to} is out of reach of {zone}")
        there = cluster.component(f"etcd-{to}").serving
        enter = present(handle_of(cluster).entering).command(zone)
        script = [sys.executable, "-u", "-c", _DIAL, there.host, str(there.port)]
        process = subprocess.Popen([*enter, *script], stdout=subprocess.PIPE, text=True)

        def work() -> None:
            assert process.stdout
            for line in process.stdout:
                asked, reached = map(int, line.split())
                watch.note(asked, not reached)

        thread = threading.Thread(target=work, name=watch.name)
        thread.start()
        assert process.stdout
        self._opened.callback(process.stdout.close)
        self._opened.callback(thread.join)
        self._opened.callback(process.wait)
        self._opened.callback(process.kill)  # the last comes first
        return watch


_DIAL = """
import socket, sys, time
while True:
    asked = time.monotonic_ns()
    try:
        socket.create_connection((sys.argv[1], int(sys.argv[2])), 0.05).close()
        print(asked, 1)
    except OSError:
        print(asked, 0)
    time.sleep(0.01)
"""


class Ways:
    """What can be looked at of a cluster's components."""

    def __init__(self, cluster: ClusterRecord) -> None:
        self.cluster = cluster
        self.processes = Processes(cluster)

    def close(self) -> None:
        """Let go of the processes."""
        self.processes.close()

    def ended(self, target: str) -> bool:
        """Whether the process that ran at the beginning has ended, by its descriptor."""
        return self.processes.ended(target)

    def stands_still(self, target: str) -> bool:
        """Whether it is stopped where it is, by the kernel."""
        return self.processes.stands_still(target)

    def well(self, target: str) -> bool:
        """Whether a component answers that it is well."""
        return self.processes.answer(target, PATIENT_S) == "200"

    def gauge(self, member: str, line: str) -> bool:
        """Whether a line stands in the page of a member's metrics."""
        endpoint = self.cluster.component(member).metrics
        server, token = identity_target(self.cluster, "scraper", endpoint)
        with closing(Caller(server, token, 1.0)) as api:
            try:
                return f"\n{line}\n".encode() in api.call("GET", "/metrics").body
            except WireError:
                return False


@contextmanager
def watching(cluster: ClusterRecord) -> Iterator[tuple[Clock, Ways]]:
    """Yield what watches, and what can be watched."""
    with closing(Ways(cluster)) as ways, closing(Clock()) as clock:
        yield clock, ways
