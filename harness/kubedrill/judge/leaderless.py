"""Judge: for how long no controller-manager, or no scheduler, led: by the Lease that leaders hold in turn."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from kubedrill.clock import SECOND
from kubedrill.record.watched import LeaseHeld

RENEWED_S = 2
"""How often a leader renews its Lease (client-go's retry period): until then it may well have led."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch from the last renewal by one leader to the acquisition by the next; ns since 1970."""

    begun: int
    over: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.over - self.begun) / SECOND

    def touches(self, start: int, end: int) -> bool:
        """Whether it is of that time: when it began, what led may have renewed in its time."""
        noticed = min(self.begun + RENEWED_S * SECOND, self.over)
        return noticed < end and self.over >= start


def gaps(looks: Iterable[LeaseHeld], until: int) -> Iterator[Gap]:
    """Yield where nobody led, in the order of time; `until` is when nobody looked any longer."""
    known = list(looks)
    for before, after in pairwise(known):
        if after.holder and after.holder != before.holder:
            yield Gap(before.renewed, max(after.acquired, before.renewed))
    if known and (not known[-1].holder or until - known[-1].renewed > known[-1].lasts_s * SECOND):
        yield Gap(known[-1].renewed, until)
