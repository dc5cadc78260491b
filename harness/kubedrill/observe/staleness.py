"""Observe: how old what a read returned was, judged by the prober's own acknowledged writes."""

from bisect import bisect_right
from itertools import cycle

from kubedrill.record.probing import Verb

_KEPT = 10_000


class Acknowledged:
    """The writes that were acknowledged: resource version and the time of the acknowledgement.

    Resource versions of one etcd are ordered as the writes were; the written values are not when
    two writes are in flight at once.
    """

    def __init__(self) -> None:
        self._versions: list[int] = []
        self._times: list[int] = []

    def add(self, version: int, time: int) -> None:
        """Note that the write which made `version` was acknowledged at `time` (monotonic ns)."""
        place = bisect_right(self._versions, version)
        self._versions.insert(place, version)
        self._times.insert(place, time)
        if len(self._versions) > 2 * _KEPT:
            del self._versions[:_KEPT], self._times[:_KEPT]

    def staleness(self, version: int, started: int) -> int:
        """Return how stale, in ns, a read is that began at `started` and returned `version`.

        That is the age, at `started`, of the oldest acknowledgement that the read does not show;
        0 if it shows every write acknowledged before it began.
        """
        newer = self._times[bisect_right(self._versions, version) :]
        missed = [time for time in newer if time <= started]
        return started - min(missed) if missed else 0


class ProbeObjects:
    """The objects that probes read and write, by number, and what was acknowledged of each."""

    def __init__(self, count: int) -> None:
        self._acknowledged = [Acknowledged() for _ in range(count)]
        self._writes, self._stale_reads = cycle(range(count)), cycle(range(count))
        self._newest = 0

    def next_for(self, verb: Verb) -> int:
        """Return which object is probed next.

        Writes take them in turn, so that those of one object do not meet. A read asks for the one that was
        acknowledged last, which it must show. A stale read takes them in turn: what the newest one misses
        is never old, however stale the answer.
        """
        match verb:
            case "write":
                return next(self._writes)
            case "stale-read":
                return next(self._stale_reads)
            case "read":
                return self._newest

    def add(self, number: int, version: int, time: int) -> None:
        """Note that the write which made this version of an object was acknowledged (monotonic ns)."""
        self._acknowledged[number].add(version, time)
        self._newest = number

    def staleness(self, number: int, version: int, started: int) -> int:
        """Return how stale, in ns, a read of an object is, as `Acknowledged` does."""
        return self._acknowledged[number].staleness(version, started)
