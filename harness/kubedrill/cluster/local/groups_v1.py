"""Control groups of version 1: the kernel keeps CPU, memory and disk in a hierarchy each.

A component begins its life in its group for memory, since a page belongs to the group in which it was first
touched. In those for CPU and disk it is only while it is limited: a group competes as one with what stands
beside it, whatever its niceness.
"""

import errno
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kubedrill.cluster.handle import LIMITED, Quota, Resource
from kubedrill.cluster.local.cgroupfs import (
    NO_DISK,
    PERIOD_US,
    PROCESSES,
    Hierarchy,
    remove,
    removed,
    run_ups,
    write,
)
from kubedrill.record.files import write_json

CONTROLLERS: Mapping[Resource, str] = {"cpu": "cpu", "memory": "memory", "disk": "blkio"}

_NO_LIMIT = -1

_SQUEEZES = 20
"""How often a component's memory is limited to what it has just then: it may get more in between."""

_ASK = 'echo 0 > "$1"; (head -c 33554432 /dev/zero | tail -c 33554432 > /dev/null) &'
"""Wants 32 MiB within a component's group. Of a group that has too much the kernel kills the largest process:
never this one, where a component has more."""


@dataclass(frozen=True, slots=True)
class Separate:
    """The groups of one cluster, in each hierarchy, and the disk (MAJOR:MINOR) that its data are on."""

    parents: Mapping[Resource, Path]
    device: str

    @property
    def lacks(self) -> Mapping[str, str]:
        """Return what cannot be limited, and why."""
        return {} if self.device else {"disk": NO_DISK}

    @property
    def folders(self) -> tuple[Path, ...]:
        """Return where all of them are."""
        return tuple(self.parents.values())

    def make(self) -> None:
        """Make what the components' groups are made in."""
        for parent in self.parents.values():
            parent.mkdir(exist_ok=True)

    def remove(self) -> None:
        """Remove them all; NotStarted names one that something still runs in."""
        remove(self._all())

    def _all(self) -> Iterator[Path]:
        """Yield what there is of them, the innermost first."""
        for parent in self.parents.values():
            if parent.exists():
                yield from (group for group in parent.iterdir() if group.is_dir())
                yield parent

    def begin(
        self, component: str, limited: Sequence[Resource], memory: Quota | None
    ) -> Sequence[Path]:
        """Make the group that a component begins its life in, so limited, with those that limit it already.

        Return the files to whose groups a process belongs that writes 0 to each.
        """
        self._group(component, "memory").mkdir(exist_ok=True)
        if memory:
            with suppress(OSError):  # what died has left so much that it may have no more: so be it
                self._set(component, "memory", memory)
        resources = dict.fromkeys(("memory", *limited))
        return [self._group(component, resource) / PROCESSES for resource in resources]

    def limit(self, component: str, resource: Resource, quota: Quota, pid: int | None) -> None:
        """Limit what a component may use, of that pid if it runs; OSError if the kernel will not have it."""
        try:
            self._set(component, resource, quota)
        except OSError as error:
            if (resource, error.errno) != ("memory", errno.EBUSY):
                raise
            self._squeeze(component)
        if pid is not None and resource != "memory":
            write(self._group(component, resource) / PROCESSES, str(pid))

    def lift(self, component: str, resource: Resource, pid: int | None) -> None:
        """Let a component use a resource as whoever started it; but for memory, the group is gone then."""
        self._set(component, resource, None)
        if resource == "memory":
            return
        group = self._group(component, resource)
        if pid is not None:
            with suppress(ProcessLookupError):
                write(group.parent.parent / PROCESSES, str(pid))
        removed(group)  # if not, it limits nothing any more, and goes with the cluster

    def counts(self, component: str) -> dict[str, int]:
        """Return how often a component ran up against its quota, as a Strain has it."""
        cpu = self._group(component, "cpu") / "cpu.stat"
        memory = self._group(component, "memory") / "memory.oom_control"
        return run_ups(cpu, memory)

    def write(self, file: Path) -> None:
        """Write down where they are."""
        parents = {resource: str(parent) for resource, parent in self.parents.items()}
        write_json(file, {"version": 1, "parents": parents, "device": self.device})

    def _group(self, component: str, resource: Resource) -> Path:
        return self.parents[resource] / component

    def _set(self, component: str, resource: Resource, quota: Quota | None) -> None:
        """Limit what a group may use, or no more; EBUSY: it has more memory already than it may have."""
        group = self._group(component, resource)
        group.mkdir(exist_ok=True)
        for file, value in _settings(resource, quota, self.device):
            if (group / file).exists():  # swap is counted only where the kernel was told to
                write(group / file, value)

    def _squeeze(self, component: str) -> None:
        """Let a component that has more memory than it may have be killed for it.

        The kernel limits nobody to less than they have, and one who idles asks for nothing more. So it may
        have no more than it has, and more is asked for in its group. When it is started anew, its own limit
        holds.
        """
        group = self._group(component, "memory")
        for _ in range(_SQUEEZES):
            has = int((group / "memory.usage_in_bytes").read_text())
            try:
                self._set(component, "memory", Quota(memory_bytes=has))
            except OSError as error:
                if error.errno != errno.EBUSY:
                    raise
            else:
                ask = ["/bin/sh", "-c", _ASK, "ask", str(group / PROCESSES)]
                subprocess.run(ask, stdin=subprocess.DEVNULL, check=False)
                return
        raise OSError(errno.EBUSY, "it gets more memory faster than it can be limited")


def obstacle(found: Sequence[Hierarchy]) -> str:
    """Return why no groups can be made in these hierarchies; "" if they can."""
    for controller in CONTROLLERS.values():
        own = _own(found, controller)
        if own is None:
            return (
                f"this machine has no control groups of version 1 for {controller}, though it has "
                f"some: {', '.join(CONTROLLERS.values())} must be of one version"
            )
        if not os.access(own, os.W_OK):  # tried without making any, since nothing may be left of it
            return (
                f"control groups for {controller} cannot be made here: root may, if not read-only"
            )
    return ""


def beneath(found: Sequence[Hierarchy], name: str, device: str) -> Separate:
    """Return the groups that a cluster may have beneath ours, where nothing stands against it."""
    owns = {resource: _own(found, CONTROLLERS[resource]) for resource in LIMITED}
    return Separate(
        {resource: own / name for resource, own in owns.items() if own is not None}, device
    )


def _own(found: Sequence[Hierarchy], controller: str) -> Path | None:
    return next((known.own for known in found if controller in known.controllers), None)


def _settings(resource: Resource, quota: Quota | None, device: str) -> Iterator[tuple[str, str]]:
    """Yield what to write into which file, in order."""
    match resource:
        case "cpu":
            cpus = quota.cpus if quota else None
            yield "cpu.cfs_period_us", str(PERIOD_US)
            yield "cpu.cfs_quota_us", str(round(cpus * PERIOD_US) if cpus else _NO_LIMIT)
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
