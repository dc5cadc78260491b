"""The cluster's interface for who may change it: faults, watchdog, heal, a second terminal."""

import json
from pathlib import Path
from typing import Any

from kubedrill.cluster import unix
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.components import Components, ComponentState
from kubedrill.record.files import last_line
from kubedrill.record.lines import adapter

TIMEOUT_S = 5.0


class HandleError(Exception):
    """The supervisor refused, or could not be reached; the message says which and why."""


class SupervisorGone(HandleError):  # noqa: N818 - an event, not a programming error
    """Nobody listens any more: the supervisor has ended, and all that it ran with it."""


class ClusterHandle:
    """Talks to the supervisor of one cluster; every call stands alone and blocks at most 5 s."""

    def __init__(self, record: ClusterRecord) -> None:
        self._socket = record.socket
        self._logs = Path(record.folder) / "logs"

    def components(self) -> dict[str, ComponentState]:
        """Return every component's state."""
        answer = ask(self._socket, {"do": "components"})
        return adapter(Components).validate_python(answer).components

    def is_gone(self) -> bool:
        """Whether the supervisor has ended for good. One that is slow to answer has not."""
        try:
            self.components()
        except HandleError as error:
            return isinstance(error, SupervisorGone)
        return False

    def pid(self, component: str) -> int:
        """Return the pid of a component; HandleError if it does not run."""
        pid = self.components()[component].pid
        if pid is None:
            raise HandleError(f"{component} does not run")
        return pid

    def kill(self, component: str, expect_pid: int | None = None, until: int | None = None) -> int:
        """Kill (SIGKILL) and hold down until released; return the pid, once the process is gone.

        It is started by itself at `until` (monotonic ns), if nobody has released it by then. HandleError if
        it is not running, or its pid is not `expect_pid`: then nothing was killed.
        """
        request = {"do": "kill", "component": component, "by": "fault"}
        answer = ask(self._socket, {**request, "expect_pid": expect_pid, "until": until})
        return int(answer["pid"])

    def last_line(self, component: str) -> str:
        """Return the last line of a component's log; empty if it has none."""
        return last_line(self._logs / f"{component}.log")

    def release(self, component: str) -> int:
        """Start a component that is held; return its pid. One that runs is left as it is."""
        request = {"do": "release", "components": [component], "by": "release"}
        return int(ask(self._socket, request)["pids"][0])

    def signal(self, component: str, signal_number: int) -> int:
        """Send a signal such as SIGSTOP or SIGCONT; return the pid.

        An exit that it causes counts as one that nobody asked for: to hold down, use `kill`.
        """
        request = {"do": "signal", "component": component, "signal": int(signal_number)}
        return int(ask(self._socket, request)["pid"])


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
