"""Fleet: what a node does again until the API has done it, and what it gives up."""

from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Final

import gevent

from kubedrill.wire.errors import WireError
from kubedrill.wire.response import Response

FIRST_S, LONGEST_S = 0.1, 7.0
"""Between a kubelet's attempts to register, and to make its Lease: doubled each time."""
DONE: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})
NOTHING_MORE: Final = frozenset(
    {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.GONE, HTTPStatus.UNPROCESSABLE_ENTITY}
)
"""Answers that stay as they are however often one asks."""


def until_done(
    once: Callable[[], Response],
    first_s: float = FIRST_S,
    longest_s: float = LONGEST_S,
    given_up: Callable[[], bool] = lambda: False,
) -> Response | None:
    """Ask until there is an answer that stays, whatever it is; ever longer pauses between.

    None once it is `given_up`.
    """
    pause_s = first_s
    while not given_up():
        try:
            answer = once()
        except WireError:
            pass
        else:
            if answer.status in DONE or answer.status in NOTHING_MORE:
                return answer
            pause_s = max(pause_s, answer.retry_after or 0.0)
        gevent.sleep(pause_s)
        pause_s = min(pause_s * 2, longest_s)
    return None


def answered(once: Callable[[], Response]) -> Response:
    """Ask until there is an answer that stays, for as long as that takes."""
    answer = until_done(once)
    assert answer is not None  # nobody gives up
    return answer


def tell(once: Callable[[], Response]) -> None:
    """Write an Event; one that the API does not take is lost, as a kubelet's is."""
    with suppress(WireError):
        once()
