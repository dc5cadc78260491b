"""Observe: the machine each second, and who else uses it: machine.jsonl."""

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from kubedrill.clock import SECOND, now, wall_ahead
from kubedrill.observe.fsync import FsyncWatch
from kubedrill.observe.processes import (
    Key,
    Kin,
    Process,
    Whose,
    ended_children,
    read_all,
    spent,
    written,
)
from kubedrill.observe.ticks import missed, wait_until
from kubedrill.process import kernel
from kubedrill.record.lines import JsonLines
from kubedrill.record.machine import MachineLook, Pressure, Taker

NAMED = 3


@dataclass(frozen=True, slots=True)
class Counters:
    """All counters at one time; those of the machine count since its start."""

    time: int
    ahead: int
    """The wall clock's, of the monotonic one."""
    cores: kernel.Cores
    quota: tuple[int, int]
    quota_used_s: float | None
    pressure: Pressure | None
    disk: kernel.Disk | None
    processes: dict[int, Process]
    written: dict[Key, int]
    """Of the others alone."""


class MachineMeter:
    """Reads /proc; each look tells what came to pass since the look before."""

    def __init__(
        self,
        folder: Path,
        runner: int,
        components: Callable[[], Mapping[str, int]],
        fsync: FsyncWatch,
    ) -> None:
        """`runner` is the drill's first process; `components` returns the cluster's pids, by name."""
        self._kin = Kin(runner)
        self._components = components
        self._fsync = fsync
        self._disk = kernel.disk_of(folder)
        self._quota = kernel.cpu_quota()
        self._whose: dict[Key, Whose] = {}
        self._before = self._read()

    def look(self) -> MachineLook:
        """Return what came to pass since the last look."""
        before, after = self._before, self._read()
        self._before = after
        used = spent(before.processes, after.processes)
        sums: dict[Whose, float] = defaultdict(float)
        for key, seconds in used.items():
            sums[self._whose[key]] += seconds
        busy = after.cores.busy_s - before.cores.busy_s
        interrupts = after.cores.interrupts_s - before.cores.interrupts_s
        own, cluster, threads = (max(sums[whose], 0.0) for whose in ("drill", "cluster", "kernel"))
        fsync, pending = self._fsync.take()
        return MachineLook(
            time=after.time,
            seconds=(after.time - before.time) / SECOND,
            cores=len(os.sched_getaffinity(0)),
            cpus=kernel.usable(self._quota),
            busy_s=max(busy, 0.0),
            steal_s=max(after.cores.steal_s - before.cores.steal_s, 0.0),
            drill_s=own,
            cluster_s=cluster,
            kernel_s=threads + max(interrupts, 0.0),
            others_s=busy - own - cluster - threads - interrupts,
            others=self._others(before, after, used),
            limit_periods=max(after.quota[0] - before.quota[0], 0),
            limit_throttled=max(after.quota[1] - before.quota[1], 0),
            limit_used_s=_grown(before.quota_used_s, after.quota_used_s, lambda used: used),
            pressure=_waited(before.pressure, after.pressure),
            dirty_bytes=kernel.dirty_bytes(),
            disk_busy_s=_grown(before.disk, after.disk, lambda disk: disk.busy_s),
            disk_written_bytes=_grown(before.disk, after.disk, lambda disk: disk.written_bytes),
            fsync_s=fsync,
            fsync_pending_s=pending,
            real_time=self._real_time(after.processes),
            stepped_s=(after.ahead - before.ahead) / SECOND,
        )

    def _read(self) -> Counters:
        processes = read_all()
        self._whose = self._kin.sort(processes, self._components().values())
        allowed = os.sched_getaffinity(0)
        others = (process for process in processes.values() if self._whose[process.key] == "other")
        return Counters(
            time=now(),
            ahead=wall_ahead(),
            cores=kernel.cores(Path("/proc/stat").read_text(), allowed),
            quota=self._quota.counted() if self._quota else (0, 0),
            quota_used_s=self._quota.used_s() if self._quota else None,
            pressure=kernel.pressure(),
            disk=kernel.disk(self._disk),
            processes=processes,
            written={process.key: written(process.pid) for process in others},
        )

    def _others(
        self, before: Counters, after: Counters, used: Mapping[Key, float]
    ) -> tuple[Taker, ...]:
        """Return those of the others that took most, by name: of CPU, and of what was written."""
        cpu: dict[str, float] = defaultdict(float)
        wrote: dict[str, int] = defaultdict(int)
        seen = before.written
        ended = ended_children(
            before.processes.values(), after.processes, lambda process: seen.get(process.key, 0)
        )
        for process in after.processes.values():
            if self._whose[process.key] == "other":
                cpu[process.name] += max(used[process.key], 0.0)
                grown = after.written[process.key] - seen.get(process.key, 0) - ended[process.key]
                wrote[process.name] += max(grown, 0)
        largest = {*_largest(cpu), *_largest(wrote)}
        # Whoever adopts an orphan is told all that it has used in its life, when that ends.
        most = (after.time - before.time) / SECOND * len(os.sched_getaffinity(0))
        return tuple(
            Taker(name=name, cpu_s=min(cpu[name], most), written_bytes=wrote[name])
            for name in sorted(largest, key=lambda name: -cpu[name])
        )

    def _real_time(self, processes: Mapping[int, Process]) -> tuple[str, ...]:
        # The prober is the one process of the drill whose first thread has such a priority.
        ours = (process for process in processes.values() if self._whose[process.key] == "drill")
        prober = ("prober",) if any(process.real_time for process in ours) else ()
        return (*prober, "scraper") if self._fsync.is_preferred() else prober


class MachineWatch:
    """A look a second, in machine.jsonl."""

    def __init__(self, machine: MachineMeter, path: Path) -> None:
        self._machine = machine
        self._lines = JsonLines(path)

    def run(self, times: Iterable[int], ended: threading.Event) -> None:
        """Look at each of `times` that has not long passed, and once more when `ended` is set."""
        for due in times:
            waited = wait_until(due, ended)
            if not missed(due) or not waited:
                self._lines.add(self._machine.look())
            if not waited:
                return


def _largest(amounts: Mapping[str, float]) -> list[str]:
    found = sorted((name for name in amounts if amounts[name]), key=lambda name: -amounts[name])
    return found[:NAMED]


Counted = TypeVar("Counted")
Amount = TypeVar("Amount", int, float)


def _grown(
    before: Counted | None, after: Counted | None, of: Callable[[Counted], Amount]
) -> Amount | None:
    return None if before is None or after is None else max(of(after) - of(before), 0)


def _waited(before: Pressure | None, after: Pressure | None) -> Pressure | None:
    if before is None or after is None:
        return None
    return Pressure(
        cpu_s=after.cpu_s - before.cpu_s,
        io_s=after.io_s - before.io_s,
        memory_s=after.memory_s - before.memory_s,
    )
