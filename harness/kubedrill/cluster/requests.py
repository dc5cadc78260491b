"""What a cluster's daemon is asked over its socket, and how it answers."""

from collections.abc import Callable
from typing import Any

Request = dict[str, Any]
Reply = Callable[[dict[str, Any]], None]


class RequestRefused(Exception):  # noqa: N818 - an answer, not an accident
    """The request cannot be done; the message says why."""
