"""Observe: how old what a read returned was, judged by the prober's own acknowledged writes."""

from bisect import bisect_right

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
