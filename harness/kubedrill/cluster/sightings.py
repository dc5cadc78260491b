"""The processes of a cluster's containers, as this machine sees them: its kernel runs them all.

What they are called, whose they are, how they are: `/proc` says it to everybody, without the engine.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kubedrill.process.identity import start_of

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")
_LOST = (FileNotFoundError, ProcessLookupError, PermissionError)


@dataclass(frozen=True, slots=True)
class SeenProcess:
    """One process."""

    pid: int
    inside: int
    """Its pid in its container."""
    started: str


def of_nodes(
    nodes: Mapping[str, str], kinds: Mapping[str, str], sign: bytes = b""
) -> dict[str, SeenProcess]:
    """Return what runs in nodes, by the name of the component.

    `nodes` has zones by ids of containers; `kinds`, kinds of components by what the kernel calls a process,
    of which it keeps 15 letters. Of several, that with the sign in its command line is meant.
    """
    found: dict[str, SeenProcess] = {}
    for pid in _pids():
        kind = kinds.get(_comm(pid))
        zone = kind and nodes.get(container_of(pid, nodes))
        if not zone or not (seen := _seen(pid)):
            continue
        name = f"{kind}-{zone}"
        if name not in found or (sign and sign in _read(pid, "cmdline")):
            found[name] = seen
    return found


def in_container(container: str, names: Collection[str]) -> list[SeenProcess]:
    """Return the processes of these names in a container: the master first, where there is one."""
    pids = (pid for pid in _pids() if _comm(pid) in names and container_of(pid, (container,)))
    return [seen for pid in pids if (seen := _seen(pid))]


def is_stopped(pid: int) -> bool:
    """Whether a process stands still: it was stopped, or its control group is frozen."""
    return _state(pid) in {"T", "t"} or _is_frozen(pid)


def _is_frozen(pid: int) -> bool:
    for line in _read(pid, "cgroup").decode(errors="replace").splitlines():
        _, controllers, path = line.split(":", 2)
        below = path.lstrip("/")
        if controllers == "freezer":
            file, sign = CGROUPS / controllers / below / "freezer.state", "FROZEN"
        elif not controllers:
            file, sign = CGROUPS / below / "cgroup.events", "frozen 1"
        else:
            continue
        with suppress(OSError):
            if sign in file.read_text(encoding="ascii").splitlines():
                return True
    return False


def stops(pid: int) -> int:
    """Return how often a process has stopped running by itself: each time that it is stopped, once more."""
    for line in _read(pid, "status").splitlines():
        if line.startswith(b"voluntary_ctxt_switches:"):
            return int(line.split()[1])
    return 0


def container_of(pid: int, known: Collection[str]) -> str:
    """Return the id of the container, among those that are known, that a process is in; "" if in none."""
    parts = _read(pid, "cgroup").decode(errors="replace").replace("\n", "/").split("/")
    bare = (part.removesuffix(".scope").rpartition("-")[2] for part in parts)
    return next((part for part in bare if part in known), "")


def _seen(pid: int) -> SeenProcess | None:
    """Return a process that runs; one that has ended, and that nobody has reaped yet, does not."""
    lines = _read(pid, "status").decode(errors="replace").splitlines()
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    if "NSpid" not in told or told["State"].split()[0] in {"Z", "X"}:
        return None
    # As seen from here, from the node, and from the container within it.
    pids = told["NSpid"].split()
    started = start_of(pid)
    return SeenProcess(pid, int(pids[min(1, len(pids) - 1)]), started) if started else None


def _pids() -> Iterator[int]:
    return iter(sorted(int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()))


def _comm(pid: int) -> str:
    return _read(pid, "comm").decode(errors="replace").strip()


def _state(pid: int) -> str:
    stat = _read(pid, "stat").decode(errors="replace")
    return stat[stat.rindex(")") + 2] if stat else ""


def _read(pid: int, file: str) -> bytes:
    """Return a file of a process; nothing, if that has ended."""
    with suppress(*_LOST):
        return (PROC / str(pid) / file).read_bytes()
    return b""
