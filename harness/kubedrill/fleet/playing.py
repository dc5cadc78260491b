"""Fleet: what every process does that plays nodes: they come when due, and are counted each second."""

import gc
import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import gevent
import psutil
from gevent.event import Event
from gevent.os import tp_read

from kubedrill.clock import MILLISECOND, SECOND, now
from kubedrill.fleet.talk import Counts
from kubedrill.process.lifeline import read_go, say_ready
from kubedrill.record.fleet import Fleet, FleetLine
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines
from kubedrill.record.schedule import Schedule

TELL = SECOND
BEAT = 100 * MILLISECOND
"""How often a process notes by how much it is late."""


class Latest:
    """The worst since somebody last looked."""

    def __init__(self) -> None:
        self._worst = 0

    def add(self, late: int) -> None:
        """Take by how much something was late, ns."""
        self._worst = max(self._worst, late)

    def take(self) -> float:
        """Return the most since the last call, in seconds."""
        worst, self._worst = self._worst, 0
        return round(worst / SECOND, 3)


class CpuAndMemory:
    """What processes have used so far; of one that has ended, what was known last."""

    def __init__(self, pid: int) -> None:
        self._processes: list[psutil.Process] = []
        self._known: list[tuple[float, int]] = []
        self.add(pid)

    def add(self, pid: int) -> None:
        """Count one more among them."""
        self._processes.append(psutil.Process(pid))
        self._known.append((0.0, 0))

    def now(self) -> tuple[float, int]:
        """Return the CPU-seconds and the bytes of resident memory of all of them."""
        for index, process in enumerate(self._processes):
            with suppress(psutil.NoSuchProcess), process.oneshot():
                cpu = process.cpu_times()
                self._known[index] = cpu.user + cpu.system, process.memory_info().rss
        return round(sum(cpu for cpu, _ in self._known), 2), sum(rss for _, rss in self._known)


class NodesNow(NamedTuple):
    """How the nodes of a process are, as in a FleetLine."""

    wanted: int
    registered: int
    ready: int
    pods: int | None
    lease_late_s: float | None
    hanging: int = 0
    repaired: int = 0
    pulling: int = 0


class Playing(ABC):
    """Nodes of a fleet, played in one process."""

    def __init__(self, folder: RunFolder, fleet: Fleet, name: str) -> None:
        """`name` of its file: fleet-NAME.jsonl."""
        self.fleet = fleet
        self.counts = Counts()
        self.usage = CpuAndMemory(os.getpid())
        self._lines = JsonLines(folder.fleet_lines(name))
        self._lag = Latest()
        self._error: BaseException | None = None
        self._ended = Event()

    @abstractmethod
    def gather(self) -> None:
        """Let those come that are there from the beginning; return when all of them are Ready."""

    @abstractmethod
    def come(self, burst: int) -> None:
        """Let those of a burst come."""

    def leave(self, burst: int) -> None:
        """Let those of a burst go again; only of some engines."""
        raise NotImplementedError

    @abstractmethod
    def look(self) -> NodesNow:
        """Return how they are now."""

    def run(self) -> None:
        """Play them until the drill, or its runner, has ended."""
        self.always(self._tell_always)
        gathering = gevent.spawn(self.gather)
        gevent.wait([gathering, self._ended], count=1)
        self._raise()
        gathering.get()
        gc.freeze()
        say_ready()
        schedule = read_go(tp_read)
        if schedule is None:
            return
        gevent.spawn(self._until_stdin_ends)
        self._play(schedule)

    def always(self, what: Callable[..., object], *arguments: object) -> None:
        """Do something besides; the process ends if that fails."""
        gevent.spawn(what, *arguments).link_exception(self.fail)

    def fail(self, greenlet: gevent.Greenlet) -> None:
        """End the process for what has failed."""
        self._error = greenlet.exception
        self._ended.set()

    def _play(self, schedule: Schedule) -> None:
        for number, burst in enumerate(self.fleet.bursts):
            comes = schedule.comes(burst)
            self.always(_at, comes, self.come, number)
            if burst.stay_s is not None:
                self.always(_at, comes + round(burst.stay_s * SECOND), self.leave, number)
        self._ended.wait()
        self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _until_stdin_ends(self) -> None:
        while tp_read(0, 65536):
            pass
        self._ended.set()

    def _tell_always(self) -> None:
        due = told = now()
        while True:
            due += BEAT
            gevent.sleep(max(due - now(), 0) / SECOND)
            self._lag.add(now() - due)
            due = max(due, now() - BEAT)
            if now() - told >= TELL - BEAT // 2:
                told = now()
                self._tell(told)

    def _tell(self, at: int) -> None:
        cpu_s, rss_bytes = self.usage.now()
        self._lines.add(
            FleetLine(
                time=at,
                **self.look()._asdict(),
                requests=self.counts.requests,
                failed=self.counts.failed,
                forbidden=self.counts.forbidden,
                lag_s=self._lag.take(),
                cpu_s=cpu_s,
                rss_bytes=rss_bytes,
            )
        )


def _at(due: int, what: Callable[[int], None], burst: int) -> None:
    gevent.sleep(max(due - now(), 0) / SECOND)
    what(burst)
