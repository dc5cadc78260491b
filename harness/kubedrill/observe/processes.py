"""Observe: whose processes run on the machine, and what CPU each of them took.

What a child used goes to its parent when that waits for it: so nothing is lost of what came and went
between two looks, and nothing is counted twice.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Literal, NamedTuple

from kubedrill.process.kernel import TICK_S

Whose = Literal["drill", "cluster", "kernel", "other"]
Key = tuple[int, int]
"""Pid and start: one process for ever."""

_KERNEL_THREAD = 0x00200000  # PF_KTHREAD
_REAL_TIME = (1, 2)  # SCHED_FIFO, SCHED_RR


class Process(NamedTuple):
    """One process at one time."""

    key: Key
    name: str
    parent: int
    session: int
    of_kernel: bool
    own: int
    """Ticks of CPU, user and system."""
    of_children: int
    """The same of the children that it has waited for."""
    real_time: bool

    @property
    def pid(self) -> int:
        """The process id."""
        return self.key[0]


def parse(text: str) -> Process:
    """Read /proc/PID/stat; a name may hold anything, brackets and blanks too."""
    head, _, rest = text.rpartition(")")
    pid, _, name = head.partition(" (")
    fields = rest.split()
    user, system, children_user, children_system = map(int, fields[11:15])
    return Process(
        key=(int(pid), int(fields[19])),
        name=name,
        parent=int(fields[1]),
        session=int(fields[3]),
        of_kernel=bool(int(fields[6]) & _KERNEL_THREAD),
        own=user + system,
        of_children=children_user + children_system,
        real_time=int(fields[38]) in _REAL_TIME,
    )


def read_all() -> dict[int, Process]:
    """Return every process that can be seen from here, by pid."""
    found = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208 - a tenth of the time
        if entry.isdigit():
            text = _read(f"/proc/{entry}/stat")
            if text:
                found[int(entry)] = parse(text)
    return found


def written(pid: int) -> int:
    """Return what a process has written to files, in bytes; 0 if it is gone or not for us to see."""
    for line in _read(f"/proc/{pid}/io").splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    return 0


def _read(path: str) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        return os.read(descriptor, 4096).decode(errors="replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


class Kin:
    """Tells whose a process is: by its ancestors, its session, or what is known of it already.

    Everything that the drill starts has a session of its own; so has a cluster, whose supervisor
    outlives who brought it up.
    """

    def __init__(self, runner: int) -> None:
        self._runner = runner
        self._known: dict[Key, Whose] = {}
        self._sessions: dict[int, Whose] = {}

    def sort(
        self, processes: Mapping[int, Process], components: Collection[int]
    ) -> dict[Key, Whose]:
        """Return whose each process is; `components` are the pids of the cluster's own."""
        self._note_cluster(processes, components)
        known: dict[Key, Whose] = {}
        for process in processes.values():
            self._whose(process, processes, known)
        self._known = known
        return known

    def _note_cluster(self, processes: Mapping[int, Process], components: Collection[int]) -> None:
        for pid in components:
            if pid in processes:
                self._sessions[processes[pid].session] = "cluster"

    def _whose(
        self, process: Process, processes: Mapping[int, Process], known: dict[Key, Whose]
    ) -> Whose:
        found = known.get(process.key)
        if found is None:
            found = self._known.get(process.key, "other")
            if found == "other":
                found = self._find(process, processes, known)
            known[process.key] = found
        return found

    def _find(
        self, process: Process, processes: Mapping[int, Process], known: dict[Key, Whose]
    ) -> Whose:
        if process.of_kernel:
            return "kernel"
        if process.pid == self._runner:
            return "drill"
        if whose := self._sessions.get(process.session):
            return whose
        parent = processes.get(process.parent)
        whose = self._whose(parent, processes, known) if parent else "other"
        if whose not in ("drill", "cluster"):
            return "other"
        # Its session is the drill's if it was made in it; the runner's own is the user's shell.
        if (
            process.session != processes[self._runner].session
            if self._runner in processes
            else True
        ):
            self._sessions[process.session] = whose
        return whose


def spent(before: Mapping[int, Process], after: Mapping[int, Process]) -> dict[Key, float]:
    """Return the CPU-seconds of each process since the look before, with those of its ended children."""
    earlier = {process.key: process for process in before.values()}
    ended = ended_children(
        before.values(), after, lambda process: process.own + process.of_children
    )
    return {
        process.key: _ticks(process, earlier.get(process.key), ended[process.key]) * TICK_S
        for process in after.values()
    }


def ended_children(
    before: Iterable[Process], after: Mapping[int, Process], counted: Callable[[Process], int]
) -> dict[Key, int]:
    """Return what was `counted` of those that ended, by the nearest ancestor that lives.

    It goes over to whoever waits: to the parent, and with the parent's own where that has ended too.
    """
    known = {process.pid: process for process in before}
    ended: dict[Key, int] = defaultdict(int)
    for process in known.values():
        heir: Process | None = process
        while heir is not None and not _lives(heir, after):
            heir = known.get(heir.parent)
        if heir is not None and heir is not process:
            ended[heir.key] += counted(process)
    return ended


def _lives(process: Process, after: Mapping[int, Process]) -> bool:
    still = after.get(process.pid)
    return still is not None and still.key == process.key


def _ticks(process: Process, earlier: Process | None, counted: int) -> int:
    own, children = (earlier.own, earlier.of_children) if earlier else (0, 0)
    return process.own - own + max(0, process.of_children - children - counted)
