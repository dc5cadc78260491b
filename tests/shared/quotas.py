"""A cgroup with a CPU quota, of the version that this machine has for CPUs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PERIOD_US = 100_000
WEIGHTIEST = {"cpu.shares": 262_144, "cpu.weight": 10_000}
"""So that a group's quota holds it back, and nobody else does: the kernel's largest, by its file."""


@contextmanager
def quota_of(cores: float) -> Iterator[Path]:
    """Make a cgroup with a quota of so many cores; skip the test where that may not be."""
    older = Path("/sys/fs/cgroup/cpu")
    group = (older if older.exists() else Path("/sys/fs/cgroup")) / f"kubedrill-test-{os.getpid()}"
    quota = round(cores * PERIOD_US)
    try:
        group.mkdir()
        if older.exists():
            (group / "cpu.cfs_quota_us").write_text(f"{quota}")
        else:
            (group / "cpu.max").write_text(f"{quota} {PERIOD_US}")
        for file in WEIGHTIEST.keys() & {found.name for found in group.iterdir()}:
            (group / file).write_text(f"{WEIGHTIEST[file]}")
    except OSError as error:
        if group.exists():
            group.rmdir()
        pytest.skip(f"no CPU quota can be had here: {error}")
    yield group
    group.rmdir()
