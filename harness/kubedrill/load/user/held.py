"""Load: what the generator itself held back, for want of a connection that it might use."""

from typing import Any

from gevent import getcurrent


class Held(dict[Any, int]):
    """How long greenlets have waited for one of a user's `connections`, ns, until they take it."""

    def add(self, waited: int) -> None:
        """Take down what the greenlet that calls has waited, ns."""
        greenlet = getcurrent()
        self[greenlet] = self.get(greenlet, 0) + waited

    def take(self) -> int:
        """Return what the greenlet that calls has waited since it last asked, ns."""
        return self.pop(getcurrent(), 0)
