"""Load: how a worker's clock differs from its master's, from round trips."""

from dataclasses import dataclass

from kubedrill.clock import SECOND

WINDOW = 10 * SECOND
"""The best of the round trips of so long a time counts: a busy moment makes others long, not wrong."""


@dataclass(slots=True)
class RoundTrip:
    """The best round trip of some; offset is the worker's clock less the master's, ns."""

    offset: int
    uncertainty: int

    @classmethod
    def of(cls, sent: int, there: int, back: int) -> "RoundTrip":
        """Return what one round trip says: sent and back by the master's clock, `there` by the worker's."""
        return cls(there - (sent + back) // 2, -(-(back - sent) // 2))


class ClockComparison:
    """Compares before the load begins, and then every ten seconds with that."""

    def __init__(self) -> None:
        self.first: RoundTrip | None = None
        """From before the load."""
        self.drift = 0
        """By how much at least the offset has changed since, ns."""
        self._best: RoundTrip | None = None
        self._until = 0

    def add(self, sent: int, there: int, back: int) -> None:
        """Take one round trip."""
        trip = RoundTrip.of(sent, there, back)
        if self._best is None or trip.uncertainty < self._best.uncertainty:
            self._best = trip
        if self.first is not None and back >= self._until:
            self._compare(self.first, self._best)
            self._best, self._until = None, back + WINDOW

    def begin(self, at: int) -> RoundTrip:
        """Keep the best so far as the one that counts; at least one must have been taken."""
        assert self._best is not None
        self.first, self._best, self._until = self._best, None, at + WINDOW
        return self.first

    def _compare(self, first: RoundTrip, later: RoundTrip) -> None:
        # Only what cannot be explained by the round trips' length.
        moved = abs(later.offset - first.offset) - later.uncertainty - first.uncertainty
        self.drift = max(self.drift, moved)
