"""The kernel's files of control groups: which hierarchies there are, where we are in each, how one writes."""

import errno
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kubedrill.errors import NotStarted

PERIOD_US = 100_000
PROCESSES = "cgroup.procs"
NO_DISK = "its data are on no disk of this machine (an overlay, a tmpfs)"

_PATIENCE_S = 10.0
"""For what was killed to be reaped, or what was just started to be moved."""
_MOUNT = re.compile(
    r"\S+ \S+ \S+ (?P<root>\S+) (?P<at>\S+) .* - (?P<kind>cgroup2?) \S+ (?P<options>\S+)"
)


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Control groups that are mounted, and the one among them that we are in."""

    version: int
    at: Path
    own: Path
    whole: bool
    """Whether nothing that we may know of stands above the mount: it shows all, or all of our namespace."""
    controllers: frozenset[str]
    """Of version 1; those of version 2 stand in its files, since each group may have others."""


def hierarchies(mountinfo: str, groups: str) -> tuple[Hierarchy, ...]:
    """Return what is mounted, by the texts of /proc/self/mountinfo and /proc/self/cgroup."""
    mounts = (_MOUNT.fullmatch(line) for line in mountinfo.splitlines())
    return tuple(known for mount in mounts if mount for known in _mounted(mount, groups))


def _mounted(mount: re.Match[str], groups: str) -> Iterator[Hierarchy]:
    """Yield the hierarchy of a mount, if we are in it."""
    version = 2 if mount["kind"] == "cgroup2" else 1
    for line in groups.splitlines():
        _, names, path = line.split(":", 2)
        controllers = frozenset(names.split(",") if names else ())
        if bool(names) == (version == 1) and controllers <= {*mount["options"].split(",")}:
            at = Path(mount["at"])
            own = at / os.path.relpath(path, mount["root"])
            yield Hierarchy(version, at, own, mount["root"] == "/", controllers)


def disk_of(folder: Path) -> str:
    """Return the disk that a folder is on, or will be, as MAJOR:MINOR; "" if it is on none."""
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    device = there.stat().st_dev
    block = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
    if not block.exists():
        return ""
    # Only a whole disk can be limited, not one of its partitions.
    whole = block.resolve().parent if (block / "partition").exists() else block
    return (whole / "dev").read_text().strip()


def write(file: Path, value: str) -> None:
    """Write a value into a file that is there; OSError is the kernel's answer to it."""
    # Unbuffered: the kernel answers to each write, and to nothing else.
    opened = os.open(file, os.O_WRONLY | os.O_TRUNC)
    try:
        os.write(opened, value.encode())
    finally:
        os.close(opened)


def counted(file: Path, name: str) -> int:
    """Return a count that stands in a file by its name; 0 where nothing is counted."""
    with suppress(FileNotFoundError):
        for line in file.read_text().splitlines():
            if line.startswith(f"{name} "):
                return int(line.split()[1])
    return 0


def run_ups(cpu: Path, memory: Path) -> dict[str, int]:
    """Return how often a component ran up against its quota, as a Strain has it, from two files' counts."""
    return {
        "cpu_periods": counted(cpu, "nr_periods"),
        "cpu_throttled": counted(cpu, "nr_throttled"),
        "out_of_memory": counted(memory, "oom_kill"),
    }


def remove(groups: Iterable[Path]) -> None:
    """Remove groups, the innermost first; NotStarted names one that something still runs in."""
    for group in groups:
        insist(partial(removed, group), f"control group {group}: something still runs in it")


def removed(group: Path) -> bool:
    """Remove a group; False if something is in it yet: what was killed is, until it is reaped."""
    try:
        return not is_busy(group.rmdir)
    except FileNotFoundError:
        return True


def is_busy(do: Callable[[], object]) -> bool:
    """Do what the kernel refuses where processes are in its way; say whether it did."""
    try:
        do()
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        return True
    return False


def insist(attempt: Callable[[], bool], refusal: str) -> None:
    """Try until it is done; NotStarted, in these words, if it does not get done."""
    deadline = time.monotonic() + _PATIENCE_S
    while not attempt():
        if time.monotonic() > deadline:
            raise NotStarted(refusal)
        time.sleep(0.02)
