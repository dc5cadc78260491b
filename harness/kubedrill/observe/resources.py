"""Observe: CPU and memory of each component, of the drill's own processes and of the host."""

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import psutil

from kubedrill.clock import now
from kubedrill.observe.ticks import missed, wait_until
from kubedrill.process.kernel import cpu_quota
from kubedrill.process.usage import ProcessUsage
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.lines import JsonLines
from kubedrill.record.watched import Host, ResourceLook, Usage

NamedProcesses = dict[str, tuple[int, str]]
"""Name of a process -> its pid and start."""


class Resources:
    """A line a round in resources.jsonl; `cluster` measures the components."""

    def __init__(self, folder: RunFolder, cluster: Callable[[], Mapping[str, Usage]]) -> None:
        self._cluster = cluster
        self._ledger = Ledger(folder.ledger)
        self._ledger_size = -1
        self._harness: NamedProcesses = {}
        self._own = ProcessUsage()
        self._lines = JsonLines(folder.resources)
        own = cpu_quota()
        self._own_quota = own.stat if own else None

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
                processes={name: self._held_back(usage) for name, usage in self._cluster().items()},
                harness=self._own.measure(self._drill()),
            )
        )

    def _held_back(self, usage: Usage) -> Usage:
        """Add how often a quota of its own has held a component back: what holds us all is the machine."""
        try:
            quota = cpu_quota(Path(f"/proc/{usage.pid}/cgroup"))
            if quota is None or quota.stat == self._own_quota:
                return usage
            return usage.model_copy(update={"throttled": quota.counted()[1]})
        except OSError:  # it has ended, or runs where we do not see it
            return usage

    def _drill(self) -> NamedProcesses:
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
