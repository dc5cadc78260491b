"""Load: the machine of a worker, which nobody else looks at: what it is, and what is used of it."""

from pathlib import Path

import psutil

from kubedrill.process.kernel import counters
from kubedrill.record.vitals import WorkersMachine

BOOT = Path("/proc/sys/kernel/random/boot_id")
GROUPS = Path("/sys/fs/cgroup")
"""In a container the group of its own, or above all groups of the machine, where no quota is."""


def which(boot: Path = BOOT) -> str:
    """Return what tells this machine from others until it starts anew, in a container as outside."""
    return boot.read_text(encoding="ascii").strip()


def look(groups: Path = GROUPS) -> WorkersMachine:
    """Return what has been used of this machine so far, and how often a quota held us back."""
    times = psutil.cpu_times()
    counts = _counts(groups)
    return WorkersMachine(
        cores=psutil.cpu_count() or 1,
        busy_s=times.user + times.nice + times.system + times.irq + times.softirq,
        steal_s=times.steal,
        limit_periods=counts.get("nr_periods", 0),
        limit_throttled=counts.get("nr_throttled", 0),
    )


def _counts(groups: Path) -> dict[str, int]:
    """Read the counters of a quota, of either version of groups; none where there are none."""
    for file in (groups / "cpu.stat", groups / "cpu" / "cpu.stat"):
        if file.exists():
            return counters(file)
    return {}
