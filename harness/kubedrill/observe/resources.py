"""Observe: CPU and memory of each component, of the drill's own processes and of the host."""

import threading
from collections.abc import Iterable

import psutil

from kubedrill.clock import now
from kubedrill.observe.ticks import missed, wait_until
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.components import Components
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.lines import JsonLines, read_whole
from kubedrill.record.watched import Host, ResourceLook, Usage

Named = dict[str, tuple[int, float]]
"""Name of a process -> its pid and start time."""


class Resources:
    """Reads /proc; a line a round in resources.jsonl."""

    def __init__(self, folder: RunFolder, record: ClusterRecord) -> None:
        self._components_file = record.components_file
        self._ledger = Ledger(folder.ledger)
        self._ledger_size = -1
        self._harness: Named = {}
        self._processes: dict[tuple[int, float], psutil.Process] = {}
        self._lines = JsonLines(folder.resources)

    def run(self, times: Iterable[int], ended: threading.Event) -> None:
        """Measure at each of `times` that has not long passed, and once more when `ended` is set."""
        for due in times:
            waited = wait_until(due, ended)
            if not missed(due) or not waited:
                self.once()
            if not waited:
                return

    def once(self) -> None:
        """Measure once and write the line."""
        self._lines.add(
            ResourceLook(
                time=now(),
                host=_host(),
                processes=self._measure(self._components()),
                harness=self._measure(self._drill()),
            )
        )

    def _components(self) -> Named:
        if not self._components_file.exists():
            return {}
        known = read_whole(self._components_file, Components).components
        return {
            name: (component.pid, component.started)
            for name, component in known.items()
            if component.pid is not None and component.started is not None
        }

    def _drill(self) -> Named:
        path = self._ledger.path
        size = path.stat().st_size if path.exists() else 0
        if size != self._ledger_size:
            self._ledger_size = size
            self._harness = {
                entry.name: process
                for entry in self._ledger.entries()
                if (process := entry.process) is not None
            }
        return self._harness

    def _measure(self, named: Named) -> dict[str, Usage]:
        measured = {}
        for name, (pid, started) in named.items():
            try:
                measured[name] = _usage(self._process(pid, started))
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                self._processes.pop((pid, started), None)
        return measured

    def _process(self, pid: int, started: float) -> psutil.Process:
        known = self._processes.get((pid, started))
        if known is None:
            known = psutil.Process(pid)
            if abs(known.create_time() - started) > 0.01:
                raise psutil.NoSuchProcess(pid)
            self._processes[pid, started] = known
        return known


def _usage(process: psutil.Process) -> Usage:
    with process.oneshot():
        times, memory = process.cpu_times(), process.memory_info()
    return Usage(pid=process.pid, cpu_s=times.user + times.system, rss_bytes=memory.rss)


def _host() -> Host:
    # The kernel counts a guest's time in `user` as well.
    times, memory = psutil.cpu_times(), psutil.virtual_memory()
    busy = times.user + times.nice + times.system + times.irq + times.softirq
    return Host(
        cpu_busy_s=busy,
        cpu_total_s=busy + times.idle + times.iowait + times.steal,
        steal_s=times.steal,
        iowait_s=times.iowait,
        memory_available_bytes=memory.available,
        memory_total_bytes=memory.total,
    )
