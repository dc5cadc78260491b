"""Client: a call that is made again while that may help."""

import random
import re
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import count

from kubedrill.clock import FOREVER, SECOND, now
from kubedrill.record.sample import outcome_name
from kubedrill.wire.errors import WireError
from kubedrill.wire.response import Response

SAID = 300
"""Bytes of an error's body that are repeated."""
TOO_MANY = 429
_MESSAGE = re.compile(rb'(?<="message":)"(?:[^"\\]|\\.)*"')
"""Of a Status, with its quotes."""


class Refused(Exception):  # noqa: N818 - the API's answer, not a programming error
    """The API did not do what was asked; the message says what it answered instead."""


@dataclass(frozen=True, slots=True)
class Patience:
    """For how long a call is made again. Pauses double, each half as long again at most, or half as long."""

    first_s: float
    longest_s: float
    until: int = FOREVER
    """Monotonic ns."""
    attempts: int = 0
    """0: as many as there is time for."""


def insist(
    ask: Callable[[], Response],
    patience: Patience,
    fine: Collection[int] = (),
    sleep: Callable[[float], object] = time.sleep,
) -> Response:
    """Return the answer if it is a 2xx or one of `fine`.

    Broken connections, 429 and 5xx are asked again, after as many seconds as the server has said, or growing
    pauses. Refused for all else, and when patience is at its end.
    """
    pause_s = patience.first_s
    for attempt in count(1):
        try:
            response = ask()
        except WireError as error:
            said, asked_s = outcome_name(error.outcome), None
        else:
            if 200 <= response.status < 300 or response.status in fine:
                return response
            said, asked_s = _words(response), response.retry_after
            if response.status != TOO_MANY and response.status < 500:
                raise Refused(said)
        wait_s = asked_s or pause_s * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
        if attempt == patience.attempts:
            raise Refused(f"asked {attempt} times; last: {said}")
        if now() + int(wait_s * SECOND) > patience.until:
            raise Refused(f"out of time; last: {said}")
        sleep(wait_s)
        pause_s = min(pause_s * 2, patience.longest_s)
    raise AssertionError("attempts are counted without end")


def _words(response: Response) -> str:
    said = response.body or response.head
    message = _MESSAGE.search(said)
    return f"{response.status} {(message[0] if message else said)[:SAID].decode(errors='replace')}"
