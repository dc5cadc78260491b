"""The machine under a drill: before the load (`machine.json`), and each second (`machine.jsonl`)."""

from collections.abc import Iterable

from kubedrill.record.lines import Amount, Count, Line, TimedLine


class Taker(Line):
    """Processes of one name that belong neither to the drill nor to its cluster."""

    name: str
    """As the kernel has it: at most 15 characters of the program's file, no arguments."""
    cpu_s: Amount
    """CPU-seconds, user and system, with those of the children that have ended."""
    written_bytes: Count
    """Written to files, as far as we may see it: of other users' processes only root may."""


class Pressure(Line):
    """For how long at least one task had to wait (PSI, `some`), in seconds."""

    cpu_s: Amount
    io_s: Amount
    memory_s: Amount


class MachineLook(TimedLine):
    """One look at the machine: what came to pass in the `seconds` that end at `time`."""

    seconds: Amount
    """Since the look before this one; sums over a phase are sums of its looks."""
    cores: Count
    """Cores of our affinity."""
    cpus: Amount
    """Of these, what we may use: not more than a cgroup's quota."""
    busy_s: Amount
    """CPU-seconds in which the cores of our affinity were at work, whoever's."""
    steal_s: Amount
    """CPU-seconds in which the hypervisor ran somebody else."""
    drill_s: Amount
    """CPU-seconds of the drill's own processes, and of all that they have started."""
    cluster_s: Amount
    """CPU-seconds of the processes of the drill's cluster."""
    kernel_s: Amount
    """CPU-seconds of interrupts and of the kernel's own threads, which work for everybody."""
    others_s: float
    """What is left of `busy_s`, those included that lived shorter than a look, or cannot be seen from
    here. The kernel samples `busy_s`, and counts the rest: a look may be some hundredths below 0."""
    others: tuple[Taker, ...]
    """The three that took most CPU, and the three that wrote most."""
    limit_periods: Count
    """Periods of the cgroup's quota that have passed, and those in which it held us back."""
    limit_throttled: Count
    limit_used_s: Amount | None
    """CPU-seconds used by all that share the quota; None without one, and where the kernel does not
    count them beside it (version 1, `cpuacct` mounted elsewhere)."""
    pressure: Pressure | None
    """None where the kernel does not keep it."""
    dirty_bytes: Count
    """Not yet on the disk, or on its way there, now."""
    disk_busy_s: Amount | None
    """For how long the disk of the run folder had something to do, and what was written to it, by
    anybody; None where the kernel does not say."""
    disk_written_bytes: Count | None
    fsync_s: dict[str, tuple[Amount, ...]]
    """Each write of 4 KiB to a file that grows, and its fdatasync: `reports` in the run folder, `cluster`
    beside the cluster's data where that is another file system."""
    fsync_pending_s: Amount
    """For how long the one that is under way has lasted by now."""
    real_time: tuple[str, ...]
    """The observers (prober, scraper) that have a real-time priority now."""
    stepped_s: float = 0.0
    """By how much the wall clock went further than the monotonic one."""

    @property
    def had_s(self) -> float:
        """CPU-seconds that we might have used."""
        return self.cpus * self.seconds

    @property
    def spare_s(self) -> float:
        """CPU-seconds of our cores that a quota keeps from us: what others do there costs us nothing."""
        return (self.cores - self.cpus) * self.seconds

    @property
    def used_s(self) -> float:
        """Of the CPU-seconds that we might have used, those that were used; the hypervisor's included."""
        on_cores = self.busy_s + self.steal_s - self.spare_s
        return max(on_cores, self.within_s) if self.cpus < self.cores else on_cores

    @property
    def within_s(self) -> float:
        """CPU-seconds of the quota that were used; the drill's and its cluster's where nobody counts them."""
        own = self.drill_s + self.cluster_s
        return own if self.limit_used_s is None else self.limit_used_s


class Fsync(Line):
    """What a file system takes to keep 4 KiB that were added to a file."""

    samples: Count
    p50_s: Amount
    p90_s: Amount
    p99_s: Amount


class Calibration(TimedLine):
    """`machine.json`: the machine just before the load."""

    cores: Count
    """As in MachineLook."""
    cpus: Amount
    """As in MachineLook: less than `cores` where a cgroup has a quota."""
    work_cpu_s: Amount
    """CPU-seconds of the fixed piece of work, the best of its rounds: what a core can."""
    work_wall_s: Amount
    """Seconds that a round took, the median: what it gives now."""
    fsync: dict[str, Fsync]
    """By place, as in MachineLook."""
    others_share: Amount
    """Share 0..1 of the cores that we may use which others took meanwhile, steal included."""
    others: tuple[Taker, ...]
    dirty_bytes: Count
    """Not yet on the disk when it was measured."""
    disk_written_bytes: Count | None
    """Written meanwhile to the disk of the run folder, by anybody; None where the kernel does not say."""
    flushed_bytes: Count
    """So much less than before it was waited for, `waited_s` long."""
    waited_s: Amount
    shared: bool
    """Whether the machine was shared on purpose, so that what others took is not judged."""


def taken_s(looks: Iterable[MachineLook]) -> float:
    """Return the CPU-seconds that we could have used, and others did; steal included."""
    looks = tuple(looks)
    # The kernel samples what is left over, and counts what is named.
    named = sum(taker.cpu_s for look in looks for taker in look.others)
    others = max(sum(look.others_s for look in looks), named)
    # Others who share our quota take what is ours; those who do not may have what it leaves of the cores.
    inside = max(sum(look.within_s - look.drill_s - look.cluster_s for look in looks), 0.0)
    outside = others - inside + sum(look.steal_s - look.spare_s for look in looks)
    return inside + max(outside, 0.0)


FSYNC_EVERY_S = 0.2
"""From one write to the next in a drill: 225 in a phase of 45 s. They take 0.1 % of a core."""

REFERENCE_WORK_S = 0.023
"""CPU-seconds of the fixed piece of work on the machine that this project's figures are from."""

REFERENCE_FSYNC_S = 0.0005
"""The p99 there."""
