"""The processes of a cluster's containers, as this machine sees them: its kernel runs them all.

What they are called, whose they are, how they are: `/proc` says it to everybody, without the engine.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kubedrill.process.identity import start_of

PROC = Path("/proc")
NAMES = {
    "etcd": "etcd",
    "kube-apiserver": "kube-apiserver",
    "kube-controller": "kube-controller-manager",
    "kube-scheduler": "kube-scheduler",
}
"""By what the kernel calls a process, which keeps 15 letters, its kind of component."""
_LOST = (FileNotFoundError, ProcessLookupError, PermissionError)


@dataclass(frozen=True, slots=True)
class SeenProcess:
    """One process."""

    pid: int
    inside: int
    """Its pid in its node."""
    started: str


def of_nodes(nodes: Mapping[str, str]) -> dict[str, SeenProcess]:
    """Return what runs in nodes, by the name of the component; `nodes` has zones by ids of containers."""
    found: dict[str, SeenProcess] = {}
    for pid in _pids():
        kind = NAMES.get(_comm(pid))
        zone = kind and nodes.get(container_of(pid))
        if zone and (seen := _seen(pid)):
            found[f"{kind}-{zone}"] = seen
    return found


def of_container(pid: int) -> SeenProcess | None:
    """Return the first process of a container, by its pid; None if it has ended."""
    return _seen(pid) if pid else None


def is_stopped(pid: int) -> bool:
    """Whether a process stands still, or all that is in its control group."""
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except _LOST:
        return False
    return stat[stat.rindex(")") + 2] in "Tt"


def _seen(pid: int) -> SeenProcess | None:
    with suppress(*_LOST):
        status = (PROC / str(pid) / "status").read_text(encoding="utf-8", errors="replace")
        [line] = [line for line in status.splitlines() if line.startswith("NSpid:")]
        # As seen from here, from the node, and from the container within it.
        pids = line.split()[1:]
        started = start_of(pid)
        if started:
            return SeenProcess(pid, int(pids[min(1, len(pids) - 1)]), started)
    return None


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())


def _comm(pid: int) -> str:
    with suppress(*_LOST):
        return (PROC / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").strip()
    return ""


def container_of(pid: int) -> str:
    """Return the id of the outermost container that a process is in; "" if it is in none."""
    with suppress(*_LOST):
        for line in (PROC / str(pid) / "cgroup").read_text(encoding="utf-8").splitlines():
            for part in line.split("/"):
                bare = part.removesuffix(".scope").rpartition("-")[2]
                if len(bare) == _ID and not bare.strip("0123456789abcdef"):
                    return bare
    return ""


_ID = 64
