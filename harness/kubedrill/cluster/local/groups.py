"""Control groups of a local cluster's own, made beneath that of whoever brings it up: one a component.

The kernel keeps CPU, memory and disk in a hierarchy each (version 1). A component begins its life in its
group for memory, since a page belongs to the group in which it was first touched. In those for CPU and disk
it is only while it is limited: a group competes as one with what stands beside it, whatever its niceness.
"""

import errno
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kubedrill.cluster.handle import LIMITED, HandleError, Quota, Resource
from kubedrill.errors import NotStarted
from kubedrill.record.files import write_json

CONTROLLERS: Mapping[Resource, str] = {"cpu": "cpu", "memory": "memory", "disk": "blkio"}

_REMOVAL_S = 10.0
"""For what was killed to be reaped."""
_PERIOD_US = 100_000
_NO_LIMIT = -1
_MOUNT = re.compile(r"\S+ \S+ \S+ (?P<root>\S+) (?P<at>\S+) .* - cgroup \S+ (?P<options>\S+)")


@dataclass(frozen=True, slots=True)
class Groups:
    """Where one cluster's groups are, and the disk (MAJOR:MINOR) that its data are on."""

    parents: Mapping[Resource, Path]
    device: str

    def make(self) -> None:
        """Make what the components' groups are made in."""
        for parent in self.parents.values():
            parent.mkdir(exist_ok=True)

    def remove(self) -> None:
        """Remove them all; NotStarted names one that something still runs in."""
        deadline = time.monotonic() + _REMOVAL_S
        while busy := [group for group in self._all() if not _removed(group)]:
            if time.monotonic() > deadline:
                raise NotStarted(f"control group {busy[0]}: something still runs in it")
            time.sleep(0.02)

    def _all(self) -> Iterator[Path]:
        """Yield what there is of them, the innermost first."""
        for parent in self.parents.values():
            if parent.exists():
                yield from (group for group in parent.iterdir() if group.is_dir())
                yield parent

    def begin(self, component: str) -> None:
        """Make the group that a component begins its life in."""
        self._group(component, "memory").mkdir(exist_ok=True)

    def enter(self, component: str, resource: Resource, pid: int) -> None:
        """Let a process, and what it starts, use a resource as its component's group may; OSError."""
        _write(self.processes(component, resource), str(pid))

    def leave(self, component: str, resource: Resource, pid: int | None) -> None:
        """Let a process use a resource as whoever started it; the group for it is gone then."""
        group = self._group(component, resource)
        if pid is not None and group.exists():
            with suppress(ProcessLookupError):
                _write(group.parent.parent / "cgroup.procs", str(pid))
        _removed(group)  # if not, it limits nothing any more, and goes with the cluster

    def limit(self, component: str, resource: Resource, quota: Quota | None) -> None:
        """Limit what a component's group may use, or no more; OSError if the kernel will not have it.

        EBUSY: it has more memory already than it may have.
        """
        group = self._group(component, resource)
        group.mkdir(exist_ok=True)
        for file, value in _settings(resource, quota, self.device):
            if (group / file).exists():  # swap is counted only where the kernel was told to
                _write(group / file, value)

    def memory(self, component: str) -> int:
        """Return how many bytes a component has."""
        return int((self._group(component, "memory") / "memory.usage_in_bytes").read_text())

    def counts(self, component: str) -> dict[str, int]:
        """Return how often a component ran up against its quota, as a Strain has it."""
        cpu = self._group(component, "cpu") / "cpu.stat"
        memory = self._group(component, "memory") / "memory.oom_control"
        return {
            "cpu_periods": _counted(cpu, "nr_periods"),
            "cpu_throttled": _counted(cpu, "nr_throttled"),
            "out_of_memory": _counted(memory, "oom_kill"),
        }

    def processes(self, component: str, resource: Resource) -> Path:
        """Return the file to whose group a process belongs that writes 0 to it."""
        return self._group(component, resource) / "cgroup.procs"

    def write(self, file: Path) -> None:
        """Write down where they are."""
        parents = {resource: str(parent) for resource, parent in self.parents.items()}
        write_json(file, {"parents": parents, "device": self.device})

    def _group(self, component: str, resource: Resource) -> Path:
        return self.parents[resource] / component


def read(file: Path) -> Groups | None:
    """Return the groups of a cluster that were written down; None if it has none."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Groups({name: Path(parent) for name, parent in told["parents"].items()}, told["device"])


def groups(name: str, disk: Path) -> Groups:
    """Return the groups that a cluster may have here; it makes none. HandleError says why there are none."""
    if why := obstacle():
        raise HandleError(why)
    parents = {resource: _own(CONTROLLERS[resource]) / name for resource in LIMITED}
    return Groups(parents, disk_of(disk))


@cache
def obstacle() -> str:
    """Return why no groups can be made on this machine; "" if they can."""
    for controller in CONTROLLERS.values():
        try:
            own = _own(controller)
        except HandleError as error:
            return str(error)
        if not os.access(own, os.W_OK):  # tried without making any, since nothing may be left of it
            return (
                f"control groups for {controller} cannot be made here: root may, if not read-only"
            )
    return ""


def no_disk(folder: Path) -> str:
    """Return why what is written to a folder cannot be limited; "" if it can."""
    return (
        "" if disk_of(folder) else "its data are on no disk of this machine (an overlay, a tmpfs)"
    )


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


def _own(controller: str) -> Path:
    """Return the group that we are in, of a hierarchy of version 1."""
    for mount in _mounts():
        if controller in mount["options"].split(","):
            own = _path(controller)
            return Path(mount["at"]) / os.path.relpath(own, mount["root"])
    raise HandleError(
        f"this machine has no control groups of version 1 for {controller}, and limits are made of those"
    )


def _mounts() -> Iterator[re.Match[str]]:
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        if found := _MOUNT.fullmatch(line):
            yield found


def _path(controller: str) -> str:
    lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    found = (line.split(":", 2) for line in lines)
    return next(path for _, names, path in found if controller in names.split(","))


def _settings(resource: Resource, quota: Quota | None, device: str) -> Iterator[tuple[str, str]]:
    """Yield what to write into which file, in order."""
    match resource:
        case "cpu":
            cpus = quota.cpus if quota else None
            yield "cpu.cfs_period_us", str(_PERIOD_US)
            yield "cpu.cfs_quota_us", str(round(cpus * _PERIOD_US) if cpus else _NO_LIMIT)
        case "memory":
            size = str(quota.memory_bytes if quota else _NO_LIMIT)
            # With swap it may never have less than without, so the bound is lifted first.
            yield "memory.memsw.limit_in_bytes", str(_NO_LIMIT)
            yield "memory.limit_in_bytes", size
            yield "memory.memsw.limit_in_bytes", size
        case "disk":
            writes = quota.disk_writes_per_s if quota else None
            written = quota.disk_bytes_per_s if quota else None
            yield "blkio.throttle.write_iops_device", f"{device} {writes or 0}"
            yield "blkio.throttle.write_bps_device", f"{device} {written or 0}"


def _removed(group: Path) -> bool:
    try:
        group.rmdir()
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        return False  # what was killed is in its group until it is reaped
    return True


def _write(file: Path, value: str) -> None:
    # Unbuffered: the kernel answers to each write, and to nothing else.
    with file.open("wb", buffering=0) as opened:
        opened.write(value.encode())


def _counted(file: Path, name: str) -> int:
    """Return a count that stands in a file by its name; 0 where there is no group to count in."""
    with suppress(FileNotFoundError):
        for line in file.read_text().splitlines():
            if line.startswith(f"{name} "):
                return int(line.split()[1])
    return 0
