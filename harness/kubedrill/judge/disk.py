"""Judge: whether the disk under a drill was slower than before the load, or others kept it busy; and who."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from kubedrill.judge.takers import by_name, in_words, largest
from kubedrill.record.machine import FSYNC_EVERY_S, Calibration, MachineLook, Taker

SLOWER = 3.0
"""So many times what nine in ten writes took in the calibration is slow."""

SLOW_S = 0.01
"""What is kept within this is not slow, whatever it was before: 0.3 ms that become 1 ms on a good disk
delay nobody, and etcd's own documentation asks for 10 ms in 99 of 100 writes."""

SLOW_SHARE = 0.1
"""Of the writes of a phase. What a drill itself writes makes slow at most 1.3 % (of 4,100, up to 282 secrets
a second); a `dd` of 200 MB with fdatasync, again and again, 35 to 48 %."""

WAITING = 0.95
"""With so much of the CPU used, a write waits for a core as well, for the journal's thread does: at 2.0 of 2
cores, nobody else there, and 1.2 MB/s written, one in ten took more than 32 ms. The disk is not to blame."""

BUSY_SHARE = 0.4
"""Of the time. Others who wrote as fast as they could kept it busy for 55 to 63 %, a drill's own writes for
2 %, a flood of secrets for 16 %."""

THEIR_SHARE = 0.25
"""Of what the disk wrote. 4 KiB that are added and kept are 16 on the disk, for the journal's sake."""


def doubts(calibration: Calibration, calm: Sequence[MachineLook]) -> Iterator[str]:
    """Yield what was wrong with the disk in a phase; `calm` are its looks outside any fault of a disk."""
    if not calm:
        return
    busy = _busy(calm)
    if busy:
        yield busy
    # A calibration in which others wrote does not say what the disk gives.
    disturbed = _is_theirs(calibration.others, calibration.disk_written_bytes)
    for place, before in calibration.fsync.items():
        slow_s = SLOW_S if disturbed else max(SLOW_S, SLOWER * before.p90_s)
        share = slow_share(calm, place, slow_s)
        if share > SLOW_SHARE:
            yield (
                f"machine: {share:.0%} of the writes to the disk of {place}/ took more than "
                f"{slow_s * 1000:.0f} ms until they were kept, {SLOW_SHARE:.0%} may (p90 before the load: "
                f"{before.p90_s * 1000:.2g} ms); {_who(calm)}"
            )


def slow_share(looks: Sequence[MachineLook], place: str, limit_s: float) -> float:
    """Return the share of the writes that were due which took longer, with some of the CPU free.

    A write that takes long keeps others from being made, one each FSYNC_EVERY_S: it stands for them.
    """
    slow = due = 0.0
    for look in looks:
        last = (look.fsync_pending_s,) if look is looks[-1] else ()
        for took in chain(look.fsync_s.get(place, ()), last):
            stands_for = 1 + took / FSYNC_EVERY_S
            due += stands_for
            if took > limit_s and look.used_s < WAITING * look.had_s:
                slow += stands_for
    return slow / due if due else 0.0


def _busy(looks: Sequence[MachineLook]) -> str:
    busy = sum(look.disk_busy_s or 0.0 for look in looks) / sum(look.seconds for look in looks)
    others = [*_others(looks)]
    written = sum(look.disk_written_bytes or 0 for look in looks)
    if busy <= BUSY_SHARE or not _is_theirs(others, written):
        return ""
    return (
        f"machine: its disk was at work for {busy:.0%} of the time, {BUSY_SHARE:.0%} may be while others "
        f"write a quarter of all; {_who(looks)}"
    )


def _is_theirs(others: Iterable[Taker], written: int | None) -> bool:
    """Whether others wrote so much that what the disk did may be for them; also if nobody knows how much."""
    theirs = sum(taker.written_bytes for taker in others)
    return theirs > 0 and theirs >= THEIR_SHARE * (written or 0)


def _others(looks: Iterable[MachineLook]) -> Iterator[Taker]:
    return chain.from_iterable(look.others for look in looks)


def _who(looks: Sequence[MachineLook]) -> str:
    seconds = sum(look.seconds for look in looks)
    wrote = by_name(_others(looks), lambda taker: taker.written_bytes)
    words = [f"{name} {size / seconds / 1e6:.3g} MB/s" for name, size in largest(wrote) if size]
    return f"who else wrote{in_words(words)}" if words else "nobody else was seen to write"
