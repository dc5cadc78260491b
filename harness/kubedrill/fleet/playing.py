"""Fleet: what every process does that plays nodes: they come when due, and are counted each second."""

import os
from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

import gevent
import psutil

from kubedrill.clock import SECOND, now
from kubedrill.fleet.process import FleetProcess, sleep_until
from kubedrill.fleet.simulated import boot_time
from kubedrill.fleet.talk import Counts
from kubedrill.process.tail import LineTail
from kubedrill.record.autoscaler import Autoscaler, AutoscalerLine, NodesOrdered
from kubedrill.record.fleet import Fleet, Member
from kubedrill.record.fleet_lines import FleetLine
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines
from kubedrill.record.schedule import Schedule

OBEY_S = 0.1
"""How often it is looked whether there are other orders."""


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
    replaced: int = 0
    refused: int = 0


class Playing(FleetProcess):
    """Nodes of a fleet, played in one process."""

    def __init__(self, folder: RunFolder, fleet: Fleet, name: str, zone: str = "") -> None:
        """`name` of its file: fleet-NAME.jsonl; of one `zone`, or of all."""
        super().__init__()
        self.fleet = fleet
        self.zone = zone
        self.counts = Counts()
        self.usage = CpuAndMemory(os.getpid())
        self._lines = JsonLines(folder.fleet_lines(name))
        self._ordered: LineTail[AutoscalerLine] = LineTail(folder.autoscaler, AutoscalerLine)  # type: ignore[arg-type]

    @abstractmethod
    def come(self, burst: int) -> None:
        """Let those of a burst come."""

    @abstractmethod
    def boot(self, members: Sequence[Member]) -> None:
        """Let these come, which the autoscaler has ordered."""

    def leave(self, burst: int) -> None:
        """Let those of a burst go again; only of some engines."""
        raise NotImplementedError

    def replace(self) -> None:
        """Replace those that are there from the beginning, one after the other; only of some engines."""
        raise NotImplementedError

    @abstractmethod
    def look(self) -> NodesNow:
        """Return how they are now."""

    def begin(self, schedule: Schedule) -> None:
        """Let those come, and go, that do so while the drill runs."""
        if self.fleet.autoscaler:
            self.always(self._obey_autoscaler, self.fleet.autoscaler)
        for number, burst in enumerate(self.fleet.bursts):
            comes = schedule.comes(burst)
            self.always(_at, comes, self.come, number)
            if burst.stay_s is not None:
                self.always(_at, comes + round(burst.stay_s * SECOND), self.leave, number)
        if self.fleet.replace:
            self.always(_at, schedule.after(self.fleet.replace.at_s), self.replace)

    def tell(self, at: int) -> None:
        """Write down how they are now."""
        cpu_s, rss_bytes = self.usage.now()
        self._lines.add(
            FleetLine(
                time=at,
                **self.look()._asdict(),
                requests=self.counts.requests,
                received_bytes=self.counts.received_bytes,
                failed=self.counts.failed,
                forbidden=self.counts.forbidden,
                lag_s=self.lag.take(),
                cpu_s=cpu_s,
                rss_bytes=rss_bytes,
            )
        )

    def _obey_autoscaler(self, autoscaler: Autoscaler) -> None:
        while True:
            for line in self._ordered.read():
                if isinstance(line, NodesOrdered):
                    self.always(self._provide, line, autoscaler)
            gevent.sleep(OBEY_S)

    def _provide(self, order: NodesOrdered, autoscaler: Autoscaler) -> None:
        """Let the nodes of an order come, each when its provider has started it."""
        due = sorted(
            (order.time + round(boot_time(member.name, autoscaler) * SECOND), member)
            for member in self.fleet.numbered(order.first, order.first + order.nodes, self.zone)
        )
        while due:
            sleep_until(due[0][0])
            at = now()
            self.boot([member for time, member in due if time <= at])
            due = [each for each in due if each[0] > at]


def _at(due: int, what: Callable[..., None], *arguments: object) -> None:
    sleep_until(due)
    what(*arguments)
