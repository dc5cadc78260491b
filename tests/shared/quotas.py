"""A cgroup with a CPU quota, of the version that this machine has for CPUs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PERIOD_US = 100_000
MOST_SHARES, MOST_WEIGHT = 262_144, 10_000
"""The kernel's largest, of either version: the quota holds a group back, and nobody else does."""


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
            (group / "cpu.shares").write_text(f"{MOST_SHARES}")
        else:
            (group / "cpu.max").write_text(f"{quota} {PERIOD_US}")
            (group / "cpu.weight").write_text(f"{MOST_WEIGHT}")
    except OSError as error:
        if group.exists():
            group.rmdir()
        pytest.skip(f"no CPU quota can be had here: {error}")
    yield group
    group.rmdir()
