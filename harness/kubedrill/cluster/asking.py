"""Asking the supervisor of a local cluster, over its socket."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubedrill.cluster import unix
from kubedrill.cluster.handle import HandleError

TIMEOUT_S = 5.0


class SupervisorGone(HandleError):  # noqa: N818 - an event, not a programming error
    """Nobody listens any more: the supervisor has ended, and all that it ran with it."""


@dataclass(frozen=True, slots=True)
class SupervisorCaller:
    """The supervisor that listens on a socket, as an owner asks it."""

    socket: Path
    owner: str

    def ask(self, do: str, **given: Any) -> dict[str, Any]:
        """Ask for something on the owner's behalf, and return the answer; HandleError."""
        return ask(self.socket, {"do": do, "owner": self.owner, **given})


def ask(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Send one request to the supervisor that listens on `path` and return its answer."""
    try:
        said = unix.ask(path, json.dumps(request).encode() + b"\n", TIMEOUT_S)
        answer: dict[str, Any] = json.loads(said)
    except (OSError, ValueError) as error:
        gone = isinstance(error, ConnectionRefusedError | FileNotFoundError)
        kind = SupervisorGone if gone else HandleError
        raise kind(f"no answer from the supervisor at {path}: {error}") from error
    if "error" in answer:
        raise HandleError(answer["error"])
    return answer
