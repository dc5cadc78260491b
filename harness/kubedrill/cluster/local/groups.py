"""Control groups of a local cluster's own, made beneath that of whoever brings it up: one a component.

Of version 1 or 2, as the machine has them.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

from kubedrill.cluster.handle import HandleError, Quota, Resource
from kubedrill.cluster.local import delegation, groups_v1, groups_v2
from kubedrill.cluster.local.cgroupfs import Hierarchy, disk_of, hierarchies


class Groups(Protocol):
    """One cluster's groups."""

    @property
    def lacks(self) -> Mapping[str, str]:
        """Return what cannot be limited, and why."""
        ...

    @property
    def folders(self) -> tuple[Path, ...]:
        """Return where all of them are."""
        ...

    def make(self) -> None:
        """Make what the components' groups are made in; NotStarted."""
        ...

    def remove(self) -> None:
        """Remove them all; NotStarted names one that something still runs in."""
        ...

    def begin(
        self, component: str, limited: Sequence[Resource], memory: Quota | None
    ) -> Sequence[Path]:
        """Make the groups that a component begins its life in, given what limits it already.

        Return the files to whose groups a process belongs that writes 0 to each.
        """
        ...

    def limit(self, component: str, resource: Resource, quota: Quota, pid: int | None) -> None:
        """Limit what a component may use, of that pid if it runs; OSError if the kernel will not have it."""
        ...

    def lift(self, component: str, resource: Resource, pid: int | None) -> None:
        """Let a component use what it can get; OSError if the kernel will not have it."""
        ...

    def counts(self, component: str) -> dict[str, int]:
        """Return how often a component ran up against its quota, as a Strain has it."""
        ...

    def write(self, file: Path) -> None:
        """Write down where they are."""
        ...


def read(file: Path) -> Groups | None:
    """Return the groups of a cluster that were written down; None if it has none."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if told.get("version", 1) == 2:  # older clusters do not say
        base = Path(told["base"])
        return groups_v2.Unified(base, told["name"], told["resources"], told["device"])
    parents = {name: Path(parent) for name, parent in told["parents"].items()}
    return groups_v1.Separate(parents, told["device"])


def groups(name: str, disk: Path) -> Groups:
    """Return the groups that a cluster may have here; it makes none. HandleError says why there are none."""
    if why := obstacle():
        raise HandleError(why)
    mounted, device = found(), disk_of(disk)
    if version(mounted) == 1:
        return groups_v1.beneath(mounted, name, device)
    return groups_v2.beneath(mounted, name, device)


@cache
def obstacle() -> str:
    """Return why no groups can be made on this machine; "" if they can."""
    mounted = found()
    return groups_v1.obstacle(mounted) if version(mounted) == 1 else delegation.obstacle(mounted)


def version(mounted: Sequence[Hierarchy]) -> int:
    """Return which is to be had: where a controller of version 1 is in use, version 2 has none of it."""
    older = set(groups_v1.CONTROLLERS.values())
    return 1 if any(older & known.controllers for known in mounted) else 2


def found() -> tuple[Hierarchy, ...]:
    """Return what this machine has, as this process sees it."""
    process = Path("/proc/self")
    mounts, own = ((process / name).read_text(encoding="utf-8") for name in ("mountinfo", "cgroup"))
    return hierarchies(mounts, own)
