"""Wire: how long nothing has come on a connection, and whether a PING was to end that. Knows no sockets."""

from enum import Enum

from kubedrill.clock import SECOND

IDLE = 30 * SECOND
"""After so long without a byte the peer is asked whether it is there: client-go's figure."""
ANSWER = 15 * SECOND
"""After so long without one since, it is not."""


class Do(Enum):
    """What is to be done."""

    NOTHING = "it is heard, or there is time"
    ASK = "send a PING"
    END = "close the connection"


class Silence:
    """Looked at every so often: what is received need not be timed, and costs nothing."""

    __slots__ = ("_asked", "_received", "_since")

    def __init__(self) -> None:
        self._received = 0
        self._since = self._asked = 0  # monotonic ns; 0: not

    def look(self, received: int, at: int) -> Do:
        """Return what is to be done at that time (monotonic ns), so many bytes having come until now."""
        if received != self._received:
            self._received, self._since, self._asked = received, at, 0
        elif self._asked:
            return Do.END if at - self._asked >= ANSWER else Do.NOTHING
        elif at - self._since >= IDLE:
            self._asked = at
            return Do.ASK
        return Do.NOTHING
