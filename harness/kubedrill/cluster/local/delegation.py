"""Which control group of version 2 is ours to make others beneath it, and what it has for them."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kubedrill.cluster.handle import LIMITED, Resource
from kubedrill.cluster.local.cgroupfs import PROCESSES, Hierarchy

CONTROLLERS: Mapping[Resource, str] = {"cpu": "cpu", "memory": "memory", "disk": "io"}
OURS = "kubedrill"
"""The group into which the processes are moved that were in the one that is ours."""
KEEPS = "cgroup.subtree_control"

_MARKS = ("user.delegate", "trusted.delegate")
"""Extended attributes that systemd sets; the second is for root to read."""
_HOW = "`systemd-run --scope -p Delegate=yes kubedrill cluster up ...`, with --user if not root"


@dataclass(frozen=True, slots=True)
class Ours:
    """The group that is ours, if it is delegated."""

    base: Path
    delegated: bool


def ours(found: Sequence[Hierarchy]) -> Ours | None:
    """Return the group that we are in, or were before the first cluster was brought up there."""
    for known in found:
        if known.version == 2:
            base = known.own.parent if known.own.name == OURS else known.own
            # Where systemd runs, nobody else's processes are in the topmost group that can be seen.
            topmost = known.whole and base == known.at
            return Ours(base, topmost or _is_marked(base))
    return None


def obstacle(found: Sequence[Hierarchy]) -> str:
    """Return why no groups can be made in this hierarchy; "" if they can."""
    group = ours(found)
    if group is None:
        return "this machine has no control groups mounted, and limits are made of those"
    base = group.base
    if not group.delegated:
        return f"the control group {base} is not delegated to what runs in it; what works: {_HOW}"
    if not all(os.access(file, os.W_OK) for file in (base, base / KEEPS, base / PROCESSES)):
        return (
            f"control groups cannot be made in {base}: it is another user's, or read-only "
            "(a container has them if it is privileged)"
        )
    return "" if resources(base) else no_controllers(base, LIMITED)


def resources(base: Path) -> tuple[Resource, ...]:
    """Return what the groups beneath one may be limited in."""
    there = (base / "cgroup.controllers").read_text().split()
    return tuple(resource for resource in LIMITED if CONTROLLERS[resource] in there)


def no_controllers(base: Path, lacking: Sequence[Resource]) -> str:
    """Return why these cannot be limited there, and what would help."""
    names = ", ".join(CONTROLLERS[resource] for resource in lacking)
    return (
        f"the cgroup.controllers of the control group {base} lack {names}: those above it keep them "
        'to themselves (systemd gives users more with "Delegate=cpu memory io" of user@.service)'
    )


def _is_marked(group: Path) -> bool:
    for mark in _MARKS:
        with suppress(OSError):
            if os.getxattr(group, mark) == b"1":
                return True
    return False
