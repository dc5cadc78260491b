"""Client: what client-go 0.37 makes of a failure.

From its rest/request.go, rest/with_retry.go and tools/cache/reflector.go.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from kubedrill.clock import SECOND, now
from kubedrill.record.sample import Outcome

OK = 200
GONE, TOO_MANY = 410, 429
TOO_LARGE = b"ResourceVersionTooLarge"
"""The cause in the Status of a 504 for a version that the server does not have yet."""

RETRIES = 10
"""How often one request is sent again before it has failed."""
RETRY_S = 1.0
"""Seconds between, where the server has not said how many."""
CLOSED = {Outcome.EOF, Outcome.RESET, Outcome.GOAWAY}
"""Connections that have ended; GETs are sent again."""
BROKEN = {*CLOSED, Outcome.TIMEOUT}
"""Ends of a watch that are no errors. UNREACHABLE is one: a peer that answers no PING."""

VERY_SHORT = SECOND
"""A watch that ends sooner, without an event, is not resumed: it might end like that for ever."""

Done = TypeVar("Done")

Sleep = Callable[[float], object]
"""Lets so many seconds pass; others go on meanwhile as far as they can."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.8, 30.0
FORGOTTEN = 120 * SECOND
"""After so long without a pause the next one is short again."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a request, or a watch, has ended."""

    outcome: int
    said: bytes = b""
    """The Status, of an answer or an event that refused it."""
    retry_after: float | None = None
    """Seconds, as the server has said."""
    very_short: bool = False
    """Of a watch."""

    @property
    def in_order(self) -> bool:
        """Whether it is no error of a watch: it has ended, or its connection has."""
        return self.outcome == OK or self.outcome in BROKEN

    @property
    def waits(self) -> bool:
        """Whether a watch is asked for once more as it was, after a pause."""
        return self.outcome in {Outcome.REFUSED, TOO_MANY}

    @property
    def version_is_gone(self) -> bool:
        """Whether the server does not have that version any more, or yet."""
        return self.outcome == GONE or TOO_LARGE in self.said


class Pauses:
    """Ever longer ones, of the reflector's back-off."""

    def __init__(self, sleep: Sleep) -> None:
        self._sleep = sleep
        self._next_s, self._last = FIRST_PAUSE_S, 0

    def take(self) -> None:
        """Sleep."""
        if now() - self._last > FORGOTTEN:
            self._next_s = FIRST_PAUSE_S
        self._sleep(self._next_s * random.uniform(1, 2))  # noqa: S311 - jitter
        self._next_s, self._last = min(self._next_s * 2, LONGEST_PAUSE_S), now()


def retried(once: Callable[[], Done | Ended], broken: set[Outcome], sleep: Sleep) -> Done | Ended:
    """Do one request as the REST client does: again where its connection has ended, or the server says when.

    `broken`: the outcomes that count as an ended connection.
    """
    for left in reversed(range(RETRIES + 1)):
        done = once()
        if not isinstance(done, Ended) or not left:
            break
        wait_s = RETRY_S if done.outcome in broken else done.retry_after
        if wait_s is None:
            break
        sleep(wait_s)
    return done
