"""Fleet: the self-healing of nodes: one that is NotReady for long is restarted, not too many at a time."""

from collections.abc import Iterator

from kubedrill.client.informer import Object, is_ready
from kubedrill.clock import SECOND, now
from kubedrill.record.fleet import Repair


class Repairing:
    """Knows since when nodes are not Ready, by what the API says, and whose turn it is."""

    def __init__(self, repair: Repair, share: float) -> None:
        """`share`: of the repairs that may be made at a time, those of this zone's nodes."""
        self._after = round(repair.after_s * SECOND)
        self._pause = round(SECOND / (repair.per_s * share))
        self._since: dict[str, int] = {}
        """Of those that are not Ready."""
        self._found: set[str] = set()
        self._next = 0

    def due(self, at: int) -> Iterator[str]:
        """Yield whose turn it is to be repaired, longest NotReady first, as many as may be by now."""
        waiting = sorted((since, name) for name, since in self._since.items())
        for since, name in waiting:
            if at < max(self._next, since + self._after):
                return
            # From when it was due, not from when it was seen to be: looks may be rarer than repairs.
            self._next = max(self._next, since + self._after) + self._pause
            self._since[name] = at
            yield name

    def begin(self) -> None:
        """Take that all nodes are put anew."""
        self._found.clear()

    def put(self, found: Object) -> None:
        """Take a node as it is now."""
        name = found["metadata"]["name"]
        self._found.add(name)
        if is_ready(found):
            self._since.pop(name, None)
        else:
            self._since.setdefault(name, now())

    def gone(self, found: Object) -> None:
        """Take that one is there no more."""
        self._since.pop(found["metadata"]["name"], None)

    def all_found(self) -> None:
        """Forget those that were gone when all were put anew."""
        self._since = {name: at for name, at in self._since.items() if name in self._found}
