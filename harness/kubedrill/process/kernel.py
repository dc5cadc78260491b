"""Process: what the kernel says of the machine as a whole: its cores, its limits, its disk, its pressure."""

import os
from dataclasses import dataclass
from pathlib import Path

from kubedrill.record.machine import Pressure

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
SECTOR = 512


@dataclass(frozen=True, slots=True)
class Cores:
    """CPU-seconds since the machine's start, of the cores that we may run on."""

    busy_s: float
    interrupts_s: float
    steal_s: float


def cores(stat: str, allowed: set[int]) -> Cores:
    """Read /proc/stat's text; what a guest used is in the time of the process that runs it."""
    busy = interrupts = steal = 0
    for line in stat.splitlines():
        name, *counts = line.split()
        if not (name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in allowed):
            continue
        user, nice, system, _idle, _iowait, irq, softirq, stolen = map(int, counts[:8])
        busy += user + nice + system + irq + softirq
        interrupts += irq + softirq
        steal += stolen
    return Cores(busy * TICK_S, interrupts * TICK_S, steal * TICK_S)


def pressure(folder: Path = Path("/proc/pressure")) -> Pressure | None:
    """Return for how long tasks have had to wait since the machine's start; None where that is not kept."""
    try:
        cpu, io, memory = (_some_s((folder / what).read_text()) for what in ("cpu", "io", "memory"))
    except (OSError, StopIteration):
        return None
    return Pressure(cpu_s=cpu, io_s=io, memory_s=memory)


def _some_s(text: str) -> float:
    some = next(line for line in text.splitlines() if line.startswith("some"))
    return int(some.rpartition("total=")[2]) / 1e6


def dirty_bytes(meminfo: Path = Path("/proc/meminfo")) -> int:
    """Return what the page cache holds that is not yet on a disk."""
    kib = {"Dirty": 0, "Writeback": 0}
    for line in meminfo.read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in kib:
            kib[name] = int(rest.split()[0])
    return sum(kib.values()) * 1024


@dataclass(frozen=True, slots=True)
class Disk:
    """Since the machine's start: how long a disk had something to do, and what was written to it."""

    busy_s: float
    written_bytes: int


def disk_of(path: Path, devices: Path = Path("/sys/dev/block")) -> Path | None:
    """Return the file with the counters of the whole disk below a path; None for what has no one disk."""
    device = path.stat().st_dev
    found = (devices / f"{os.major(device)}:{os.minor(device)}").resolve()
    if (found / "partition").exists():
        found = found.parent
    return found / "stat" if (found / "stat").exists() else None


def disk(stat: Path | None) -> Disk | None:
    """Read the counters of a disk."""
    if stat is None:
        return None
    fields = stat.read_text().split()
    return Disk(int(fields[9]) / 1000, int(fields[6]) * SECTOR)


def counters(stat: Path) -> dict[str, int]:
    """Read what a group of processes is counted by, a name and a number each line."""
    lines = (line.split() for line in stat.read_text(encoding="ascii").splitlines())
    return {name: int(count) for name, count in lines}


@dataclass(frozen=True, slots=True)
class CpuQuota:
    """The tightest CPU quota of a cgroup that we are in."""

    cores: float
    stat: Path
    """Its counters: periods, and those in which it was used up; of version 2 also what was used."""
    usage: Path
    """What was used, of version 1; not there where `cpuacct` is mounted elsewhere."""

    def counted(self) -> tuple[int, int]:
        """Return how many periods have passed, and in how many it was used up."""
        counts = counters(self.stat)
        return counts.get("nr_periods", 0), counts.get("nr_throttled", 0)

    def used_s(self) -> float | None:
        """Return the CPU-seconds used since it was made, by all that share it; None if nobody counts them."""
        counts = counters(self.stat)
        if "usage_usec" in counts:
            return counts["usage_usec"] / 1e6
        try:
            return int(self.usage.read_text()) / 1e9
        except OSError:
            return None


def cpu_quota(
    own: Path = Path("/proc/self/cgroup"), mounted: Path = Path("/sys/fs/cgroup")
) -> CpuQuota | None:
    """Return the tightest quota on the way from our cgroup up to the top; None without any."""
    found: list[CpuQuota] = []
    for line in own.read_text().splitlines():
        _, controllers, inside = line.split(":", 2)
        tops = [mounted] if not controllers else []
        if "cpu" in controllers.split(","):
            tops = [mounted / controllers, mounted / "cpu"]
        for top in tops:
            place = top / inside.lstrip("/")
            found += [quota for step in (place, *place.parents) if (quota := _cpu_quota(step))]
    return min(found, key=lambda quota: quota.cores, default=None)


def _cpu_quota(group: Path) -> CpuQuota | None:
    try:
        if (group / "cpu.max").exists():
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota = (group / "cpu.cfs_quota_us").read_text().strip()
            period = (group / "cpu.cfs_period_us").read_text()
    except OSError:
        return None
    if quota in ("max", "-1"):
        return None
    return CpuQuota(int(quota) / int(period), group / "cpu.stat", group / "cpuacct.usage")


def usable(found: CpuQuota | None) -> float:
    """Return how many cores we may use."""
    allowed = float(len(os.sched_getaffinity(0)))
    return min(allowed, found.cores) if found else allowed
