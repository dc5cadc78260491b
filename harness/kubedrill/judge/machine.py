"""Judge: what others took of the machine under a drill, who they are, and whether its disk was slow."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from kubedrill.judge.requests import percentile
from kubedrill.record.clock import SECOND
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence, ascending, read_lines, read_whole
from kubedrill.record.machine import (
    REFERENCE_FSYNC_S,
    REFERENCE_WORK_S,
    Calibration,
    MachineLook,
    Taker,
)
from kubedrill.record.schedule import Phase

OTHERS_SHARE = 0.1
"""Of the CPU-seconds of the cores that we may use; steal included."""

THROTTLED_SHARE = 0.1
"""Of the periods of a cgroup's quota."""

SLOW_S = 0.02
"""From here on the disk is slow for etcd, and others are the cause if they write much."""

THEIR_SHARE = 0.25
"""Of what the disk wrote. 4 KiB that are added and kept are 16 on the disk, for the journal's sake."""

SLOWER = 3.0
VERY_SLOW_S = 0.1
"""From here on, and so many times slower than before the load, somebody is, seen or not. Full cores may do it
as well, for the journal's thread waits for one: 34 ms (p99) at 100 % of two, of which others had half."""

NAMED = 3
WORTH_NAMING = 0.01
HOLE_S = 3.0
"""For so long of a phase nobody may have looked, as with what else is read each second."""

Exempt = Callable[[int], bool]
"""Whether a fault may have made the disk slow at a time (monotonic ns)."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What was recorded of the machine; `missing` says why it is not whole."""

    calibration: Calibration | None
    looks: list[MachineLook]
    missing: str = ""

    @classmethod
    def read(cls, folder: RunFolder, killed: bool) -> "Machine":
        """Read a run's files; the last line of a drill that was `killed` may be cut off."""
        try:
            calibration = read_whole(folder.machine, Calibration)
            lines = read_lines(folder.machine_looks, MachineLook, may_be_cut=killed)
            return cls(calibration, list(ascending(folder.machine_looks, lines)))
        except BadEvidence as error:
            return cls(None, [], f"machine: {error.within(folder.path)}")

    @property
    def shared(self) -> bool:
        """Whether others had leave to use it, so that what they take is not judged."""
        return self.calibration is not None and self.calibration.shared

    def of(self, phase: Phase) -> list[MachineLook]:
        """Return the looks that tell of a phase: the middle of their stretch lies in it."""
        return [
            one for one in self.looks if phase.holds(one.time - round(one.seconds * SECOND / 2))
        ]

    def taken(self, phase: Phase) -> float:
        """Return the share of the CPU that others took in a phase, steal included."""
        looks = self.of(phase)
        had = sum(one.cpus * one.seconds for one in looks)
        return _taken_s(looks) / had if had else 0.0

    def doubts(self, phase: Phase, exempt: Exempt) -> Iterator[str]:
        """Yield why the machine was not the drill's alone in a phase, and who else used it."""
        if self.missing:
            yield self.missing
            return
        looks = self.of(phase)
        unseen = (phase.end - phase.start) / SECOND - sum(one.seconds for one in looks)
        if not looks or unseen > HOLE_S:
            yield f"machine: nobody looked at it for {unseen:.1f} s; see logs/scraper.log"
            return
        if self.shared:
            return
        yield from _cpu(looks, self.taken(phase))
        yield from _throttled(looks)
        assert self.calibration is not None
        for place, before in self.calibration.fsync.items():
            yield from _disk(place, before.p99_s, looks, exempt)

    def notes(self) -> list[str]:
        """Return what a reader of the verdict must know, though it makes nothing invalid."""
        if not self.shared:
            return []
        why = "the machine was shared on purpose (KUBEDRILL_SHARED_MACHINE)"
        return [f"{why}: what others took of it was not judged"]

    def settings(self) -> dict[str, Any]:
        """Return what the machine gave before the load, beside the reference machine."""
        if self.calibration is None:
            return {}
        reference = {"work_cpu_s": REFERENCE_WORK_S, "fsync_p99_s": REFERENCE_FSYNC_S}
        observers = sorted({name for one in self.looks for name in one.real_time})
        own = self.calibration.model_dump(mode="json", exclude={"time"})
        return {**own, "reference": reference, "real_time": observers}


def _taken_s(looks: list[MachineLook]) -> float:
    """Return the CPU-seconds that we could have used, and others did."""
    # The kernel samples what is left over, and counts what is named.
    named = sum(one.cpu_s for look in looks for one in look.others)
    others = max(sum(one.others_s for one in looks), named)
    # Where a quota leaves us a part of the cores, others may have the rest.
    spare = sum((one.cores - one.cpus) * one.seconds for one in looks)
    return max(others + sum(one.steal_s for one in looks) - spare, 0.0)


def _cpu(looks: list[MachineLook], share: float) -> Iterator[str]:
    if share <= OTHERS_SHARE:
        return
    had = sum(one.cpus * one.seconds for one in looks)
    took = _by_name(looks, lambda one: one.cpu_s)
    took["the hypervisor"] = sum(one.steal_s for one in looks)
    unnamed = _taken_s(looks) - sum(took.values())
    named = [*_largest(took), ("processes too short to be named", unnamed)]
    words = [f"{name} {used / had:.0%}" for name, used in named if used / had >= WORTH_NAMING]
    yield f"machine: others took {share:.0%} of its CPU{_list(words)}; {OTHERS_SHARE:.0%} may be"


def _throttled(looks: list[MachineLook]) -> Iterator[str]:
    periods = sum(one.limit_periods for one in looks)
    share = sum(one.limit_throttled for one in looks) / periods if periods else 0.0
    if share > THROTTLED_SHARE:
        yield (
            f"machine: its limit of {looks[0].cpus:g} cores held everything back in {share:.0%} of its "
            f"periods; {THROTTLED_SHARE:.0%} may be: raise the limit (cgroup), or lower the rate"
        )


def _disk(place: str, before_s: float, looks: list[MachineLook], exempt: Exempt) -> Iterator[str]:
    calm = [one for one in looks if not exempt(one.time)]
    took = sorted(
        took for one in calm for took in (*one.fsync_s.get(place, ()), one.fsync_pending_s)
    )
    if not took:
        return
    p99 = percentile(np.array(took), "p99")
    wrote = _by_name(calm, lambda one: one.written_bytes)
    written = sum(one.disk_written_bytes or 0 for one in calm)
    theirs = p99 > SLOW_S and sum(wrote.values()) >= max(THEIR_SHARE * written, 1)
    if not theirs and p99 <= max(VERY_SLOW_S, SLOWER * before_s):
        return
    seconds = sum(one.seconds for one in calm)
    words = [f"{name} {size / seconds / 1e6:.3g} MB/s" for name, size in _largest(wrote) if size]
    who = f"; who else wrote{_list(words)}" if words else "; nobody was seen who writes so much"
    limit = SLOW_S if theirs else max(VERY_SLOW_S, SLOWER * before_s)
    yield (
        f"machine: it took {p99 * 1000:.0f} ms (p99) to keep 4 KiB on the disk of {place}/, and "
        f"{before_s * 1000:.2g} ms before the load; {limit * 1000:.0f} ms may be{who}"
    )


def _by_name(looks: Iterable[MachineLook], amount: Callable[[Taker], float]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for look in looks:
        for one in look.others:
            found[one.name] += amount(one)
    return found


def _largest(amounts: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(amounts.items(), key=lambda named: -named[1])[:NAMED]


def _list(words: list[str]) -> str:
    return f": {', '.join(words)}" if words else ""
