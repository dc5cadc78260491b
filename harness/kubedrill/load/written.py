"""Load: what a process has written, so that it can be told who has not seen it."""

from array import array
from bisect import bisect
from collections.abc import Sequence


class Written:
    """Writes that the server has confirmed, by version: 16 bytes for each."""

    def __init__(self) -> None:
        self._versions = array("Q")
        self._begun = array("Q")

    def add(self, version: str, begun: int) -> None:
        """Take a write that began then (monotonic ns) and has that version; ValueError if it is none."""
        number = int(version)
        # Answers come in nearly the order of their versions.
        at = bisect(self._versions, number)
        self._versions.insert(at, number)
        self._begun.insert(at, begun)

    def after(self, version: str) -> Sequence[int]:
        """Return when those began that are not in the state of that version; "": that knows of nothing."""
        number = int(version) if version.isdigit() else 0
        return self._begun[bisect(self._versions, number) :]
