"""CPU and memory of processes of this machine."""

from collections.abc import Mapping

import psutil

from kubedrill.process.identity import start_of
from kubedrill.record.watched import Usage


class ProcessUsage:
    """Measures processes by pid and start: another one that has the same pid since is none of them."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], psutil.Process] = {}

    def measure(self, named: Mapping[str, tuple[int, str]]) -> dict[str, Usage]:
        """Return what each of them used, by its name; `named` has pid and start (`start_of`).

        Those that have ended are left out.
        """
        measured = {}
        for name, (pid, started) in named.items():
            try:
                measured[name] = _usage(self._process(pid, started))
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                self._known.pop((pid, started), None)
        return measured

    def _process(self, pid: int, started: str) -> psutil.Process:
        known = self._known.get((pid, started))
        if known is None:
            known = psutil.Process(pid)
            if start_of(pid) != started:
                raise psutil.NoSuchProcess(pid)
            self._known[pid, started] = known
        return known


def _usage(process: psutil.Process) -> Usage:
    with process.oneshot():
        times, memory = process.cpu_times(), process.memory_info()
    return Usage(pid=process.pid, cpu_s=times.user + times.system, rss_bytes=memory.rss)
