"""Judge: what others took of the machine under a drill, who they are, and what was left of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kubedrill.clock import SECOND
from kubedrill.judge import disk
from kubedrill.judge.takers import by_name, in_words, largest
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence, ascending, read_lines, read_whole
from kubedrill.record.machine import (
    REFERENCE_FSYNC_S,
    REFERENCE_WORK_S,
    Calibration,
    MachineLook,
    taken_s,
)
from kubedrill.record.schedule import Phase

OTHERS_SHARE = 0.1
"""Of the CPU-seconds of the cores that we may use; steal included."""

FULL = 0.98
"""So much of what may be used is used: the rest is what the kernel rounds."""

THROTTLED_SHARE = 0.1
"""Of the periods of a cgroup's quota."""

STEP_S = 0.5
"""A wall clock that goes further in a second than this was stepped; one that is slewed does 0.5 ms."""

WORTH_NAMING = 0.01
HOLE_S = 3.0
"""For so long of a phase nobody may have looked, as with what else is read each second."""

MayHitDisks = Callable[[int], bool]
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
            look for look in self.looks if phase.holds(look.time - round(look.seconds * SECOND / 2))
        ]

    def taken(self, phase: Phase) -> float:
        """Return the share of the CPU that others took in a phase, steal included."""
        looks = self.of(phase)
        had = sum(look.had_s for look in looks)
        return taken_s(looks) / had if had else 0.0

    def free(self, phase: Phase) -> float | None:
        """Return the share of the CPU that we might have used and nobody did; None if nobody looked.

        Under a cgroup's quota the quota is the machine.
        """
        looks = self.of(phase)
        had = sum(look.had_s for look in looks)
        return max(1 - sum(look.used_s for look in looks) / had, 0.0) if had else None

    def full(self, phase: Phase) -> float:
        """Return the share of the looks at which nothing was left."""
        looks = self.of(phase)
        return sum(look.used_s >= FULL * look.had_s for look in looks) / max(len(looks), 1)

    def quota(self, phase: Phase) -> float | None:
        """Return the cores that a quota leaves of more; None without a quota."""
        return min((look.cpus for look in self.of(phase) if look.cpus < look.cores), default=None)

    def doubts(self, phase: Phase, exempt: MayHitDisks) -> Iterator[str]:
        """Yield why the machine was not the drill's alone in a phase, and who else used it."""
        if self.missing:
            yield self.missing
            return
        looks = self.of(phase)
        unseen = phase.seconds - sum(look.seconds for look in looks)
        if not looks or unseen > HOLE_S:
            yield f"machine: nobody looked at it for {unseen:.1f} s; see logs/scraper.log"
            return
        yield from _stepped(looks, phase)
        if self.shared:
            return
        yield from _cpu(looks, self.taken(phase))
        yield from _throttled(looks)
        assert self.calibration is not None
        yield from disk.doubts(self.calibration, [look for look in looks if not exempt(look.time)])

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
        observers = sorted({name for look in self.looks for name in look.real_time})
        own = self.calibration.model_dump(mode="json", exclude={"time"})
        return {**own, "reference": reference, "real_time": observers}


def _stepped(looks: Sequence[MachineLook], phase: Phase) -> Iterator[str]:
    """Yield by how much the wall clock was stepped: certificates, tokens and Leases go by it."""
    for look in looks:
        if abs(look.stepped_s) > STEP_S:
            second = (look.time - phase.start) / SECOND
            yield (
                f"machine: its wall clock was stepped by {look.stepped_s:.1f} s, "
                f"{second:.0f} s into the phase: certificates and Leases go by it"
            )


def _cpu(looks: list[MachineLook], share: float) -> Iterator[str]:
    if share <= OTHERS_SHARE:
        return
    had = sum(look.had_s for look in looks)
    takers = (taker for look in looks for taker in look.others)
    took = by_name(takers, lambda taker: taker.cpu_s)
    took["the hypervisor"] = sum(look.steal_s for look in looks)
    unnamed = taken_s(looks) - sum(took.values())
    named = [*largest(took), ("processes too short to be named, or hidden", unnamed)]
    words = [f"{name} {used / had:.0%}" for name, used in named if used / had >= WORTH_NAMING]
    yield f"machine: others took {share:.0%} of its CPU{in_words(words)}; {OTHERS_SHARE:.0%} may be"


def _throttled(looks: list[MachineLook]) -> Iterator[str]:
    periods = sum(look.limit_periods for look in looks)
    share = sum(look.limit_throttled for look in looks) / periods if periods else 0.0
    if share > THROTTLED_SHARE:
        yield (
            f"machine: its limit of {looks[0].cpus:g} cores held everything back in {share:.0%} of its "
            f"periods; {THROTTLED_SHARE:.0%} may be: raise the limit (cgroup), or lower the rate"
        )
