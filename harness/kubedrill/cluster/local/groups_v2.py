"""Control groups of version 2: one hierarchy for CPU, memory and disk, beneath a group that is ours to use.

A component lives in its group from its beginning: a page belongs to the group in which it was first touched,
and what is written late is charged to that group's disk only if both are kept there. CPUs are another matter:
where the kernel has them in a group's keeping, each group beneath competes as one with what stands beside it,
however many threads it has. So it has them only while one of the cluster's components is limited in its CPU.

Only a group without processes may keep something for those beneath it. So what runs in ours is moved into one
beside the clusters', and back again when the last cluster goes.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kubedrill.cluster.handle import LIMITED, Quota, Resource
from kubedrill.cluster.local import delegation
from kubedrill.cluster.local.cgroupfs import (
    NO_DISK,
    PERIOD_US,
    PROCESSES,
    Hierarchy,
    insist,
    is_busy,
    remove,
    removed,
    run_ups,
    write,
)
from kubedrill.cluster.local.delegation import (
    CONTROLLERS,
    KEEPS,
    OURS,
    no_controllers,
)
from kubedrill.errors import NotStarted
from kubedrill.record.files import write_json

_CLUSTERS = "kd-"
"""What the names of clusters' groups begin with."""
_LASTING: tuple[Resource, ...] = ("memory", "disk")
_MAX = "max"
_SWAP = "memory.swap.max"


@dataclass(frozen=True, slots=True)
class Unified:
    """The groups of one cluster, in the one that is ours, and the disk (MAJOR:MINOR) that its data are on."""

    base: Path
    name: str
    resources: Sequence[Resource]
    """What the base has controllers for."""
    device: str

    @property
    def lacks(self) -> Mapping[str, str]:
        """Return what cannot be limited, and why."""
        lacks: dict[str, str] = {
            resource: no_controllers(self.base, [resource])
            for resource in LIMITED
            if resource not in self.resources
        }
        return {"disk": NO_DISK, **lacks} if not self.device else lacks

    @property
    def folders(self) -> tuple[Path, ...]:
        """Return where all of them are."""
        return (self._cluster,)

    @property
    def _cluster(self) -> Path:
        return self.base / self.name

    def make(self) -> None:
        """Make what the components' groups are made in; NotStarted says what stands against it."""
        lasting = [resource for resource in _LASTING if resource in self.resources]
        try:
            with _alone(self.base):
                if _must_be_empty(self.base):
                    (self.base / OURS).mkdir(exist_ok=True)
                insist(
                    partial(_kept, self.base, lasting),
                    f"control group {self.base}: processes in it cannot be moved into {OURS}",
                )
                self._cluster.mkdir(exist_ok=True)
                _keep(self._cluster, lasting)
        except OSError as error:
            raise NotStarted(f"control group {self.base}: {error.strerror}") from error

    def remove(self) -> None:
        """Remove them all, and with the last cluster what was made for all; NotStarted names what is used."""
        if not self.base.exists():  # systemd removes a scope when nothing runs in it
            return
        with _alone(self.base):
            if self._cluster.exists():
                remove([*_beneath(self._cluster), self._cluster])
            if all(group.name == OURS for group in _beneath(self.base)):
                _give_back(self.base)

    def begin(
        self,
        component: str,
        limited: Sequence[Resource],  # noqa: ARG002
        memory: Quota | None,  # noqa: ARG002
    ) -> Sequence[Path]:
        """Make the group that a component lives in: what limits it already limits the next one, too.

        Return the files to whose groups a process belongs that writes 0 to each.
        """
        group = self._cluster / component
        group.mkdir(exist_ok=True)
        return [group / PROCESSES]

    def limit(
        self,
        component: str,
        resource: Resource,
        quota: Quota,
        pid: int | None,  # noqa: ARG002
    ) -> None:
        """Limit what a component may use; OSError if the kernel will not have it.

        One that has more memory than it may is killed by the kernel at once.
        """
        if resource == "cpu":
            with _alone(self.base):
                _keep(self.base, ["cpu"])
                _keep(self._cluster, ["cpu"])
        self._set(component, resource, quota)

    def lift(self, component: str, resource: Resource, pid: int | None) -> None:  # noqa: ARG002
        """Let a component use what it can get."""
        self._set(component, resource, None)
        if resource == "cpu":
            self._compete_singly()

    def counts(self, component: str) -> dict[str, int]:
        """Return how often a component ran up against its quota, as a Strain has it."""
        group = self._cluster / component
        return run_ups(group / "cpu.stat", group / "memory.events")

    def write(self, file: Path) -> None:
        """Write down where they are."""
        told = {"version": 2, "base": str(self.base), "name": self.name}
        write_json(file, {**told, "resources": [*self.resources], "device": self.device})

    def _set(self, component: str, resource: Resource, quota: Quota | None) -> None:
        group = self._cluster / component
        group.mkdir(exist_ok=True)
        for file, value in _settings(resource, quota, self.device):
            # Not every kernel counts swap; and what is not there limits nothing that is to be lifted.
            if (quota and file != _SWAP) or (group / file).exists():
                write(group / file, value)

    def _compete_singly(self) -> None:
        """Let components compete for CPUs as all other processes, unless one of them is limited."""
        with _alone(self.base):
            if any(_is_limited(group) for group in _beneath(self._cluster)):
                return
            write(self._cluster / KEEPS, "-cpu")
            if not _others(self.base):
                is_busy(partial(write, self.base / KEEPS, "-cpu"))  # another cluster needs it


def beneath(found: Sequence[Hierarchy], name: str, device: str) -> Unified:
    """Return the groups that a cluster may have beneath ours, where nothing stands against it."""
    ours = delegation.ours(found)
    assert ours is not None
    return Unified(ours.base, name, delegation.resources(ours.base), device)


@contextmanager
def _alone(base: Path) -> Iterator[None]:
    """Wait until no other cluster's groups are made or removed there."""
    opened = os.open(base, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _beneath(group: Path) -> list[Path]:
    return [path for path in group.iterdir() if path.is_dir()]


def _others(base: Path) -> list[Path]:
    """Return groups that nobody of ours has made: what they are given is not ours to take."""
    return [
        group
        for group in _beneath(base)
        if group.name != OURS and not group.name.startswith(_CLUSTERS)
    ]


def _must_be_empty(base: Path) -> bool:
    """Whether it may have no processes of its own: the machine's topmost one may, and has no type."""
    return (base / "cgroup.type").exists()


def _keep(group: Path, resources: Sequence[Resource]) -> None:
    """Have the kernel keep resources for each one beneath a group; EBUSY: processes are in it."""
    if resources:
        write(group / KEEPS, " ".join(f"+{CONTROLLERS[resource]}" for resource in resources))


def _kept(base: Path, resources: Sequence[Resource]) -> bool:
    """Move what runs in a group, and have it keep resources; False if more has been started meanwhile."""
    if _must_be_empty(base):
        _move(base, base / OURS)
    return not is_busy(partial(_keep, base, resources))


def _move(here: Path, there: Path) -> None:
    for pid in (here / PROCESSES).read_text().split():
        with suppress(ProcessLookupError):
            write(there / PROCESSES, pid)


def _give_back(base: Path) -> None:
    """Let the base be as it was before the first cluster."""
    kept = (base / KEEPS).read_text().split()
    if drop := [name for name in CONTROLLERS.values() if name in kept]:
        write(base / KEEPS, " ".join(f"-{name}" for name in drop))
    ours = base / OURS
    if ours.exists():
        insist(partial(_moved_back, ours), f"control group {ours}: something still runs in it")


def _moved_back(ours: Path) -> bool:
    _move(ours, ours.parent)
    return removed(ours)


def _is_limited(group: Path) -> bool:
    with suppress(FileNotFoundError):
        return not (group / "cpu.max").read_text().startswith(_MAX)
    return False


def _settings(resource: Resource, quota: Quota | None, device: str) -> Iterator[tuple[str, str]]:
    """Yield what to write into which file, in order."""
    match resource:
        case "cpu":
            cpus = quota.cpus if quota else None
            yield "cpu.max", f"{round(cpus * PERIOD_US) if cpus else _MAX} {PERIOD_US}"
        case "memory":
            size = quota.memory_bytes if quota else None
            yield _SWAP, "0" if size else _MAX
            yield "memory.max", str(size or _MAX)
        case "disk":
            writes = quota.disk_writes_per_s if quota else None
            written = quota.disk_bytes_per_s if quota else None
            yield "io.max", f"{device} wiops={writes or _MAX} wbps={written or _MAX}"
