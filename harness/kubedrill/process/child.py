"""The runner's end of the lifeline: start a child, wait for `ready`, give GO, let it end."""

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from kubedrill.errors import NotStarted
from kubedrill.process.environment import NOWHERE
from kubedrill.process.environment import environment as drills_environment
from kubedrill.process.identity import start_of

DIES_WITH_ITS_PARENT = ("setpriv", "--pdeathsig", "KILL")
"""Before the command of a program that has no lifeline: else it would run for ever when nobody is left."""

NOT_STARTED = 3
"""The exit code of a child that says in the last line of its log why it cannot start."""


class ChildFailed(Exception):  # noqa: N818 - an event of the drill, not a programming error
    """A child did not become ready; the message says which and shows the end of its log."""


@dataclass(slots=True)
class Child:
    """One process of the drill, in a session of its own, with its stdin as the lifeline."""

    role: str
    process: "subprocess.Popen[bytes]"
    log: Path
    started: str | None
    """The process's start (`start_of`): with the pid it names one process for ever."""
    is_ready: bool = False
    """Whether it has said so."""

    @classmethod
    def start(
        cls,
        role: str,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
        *,
        private: Path = NOWHERE,
        engine: bool = False,
    ) -> "Child":
        """Start `command`; its stderr, and its stdout after `ready`, go to `log`.

        It sees the environment of a drill with that private folder, with or without a container engine,
        and what `environment` adds to it.
        """
        with log.open("ab") as file:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                start_new_session=True,
                pass_fds=tuple(pass_fds),
                env={**drills_environment(private, engine), **(environment or {})},
            )
        return cls(role, process, log, start_of(process.pid))

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    def wait_ready(self, timeout_s: float) -> None:
        """Wait for `ready`; ChildFailed if it ends, or does not say so in time.

        NotStarted, in its own words, if it ends with exit code 3.
        """
        if self.is_ready:
            return
        assert self.process.stdout is not None
        deadline = time.monotonic() + timeout_s
        said = b""
        while b"ready\n" not in said:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise ChildFailed(f"{self.role} was not ready within {timeout_s:g} s{self._tail()}")
            piece = os.read(self.process.stdout.fileno(), 4096)
            if not piece:
                if self.wait(1) == NOT_STARTED:
                    raise NotStarted(self._last_line())
                raise ChildFailed(f"{self.role} ended before it was ready{self._tail()}")
            said += piece
        self.is_ready = True

    def go(self, message: dict[str, Any]) -> None:
        """Send the one GO line. A child that is gone is noticed by `poll`, not here."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def poll(self) -> int | None:
        """Return the exit status if the child has ended, else None."""
        return self.process.poll()

    def end(self) -> None:
        """Close the lifeline; the child stops by itself."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass

    def wait(self, timeout_s: float) -> int | None:
        """Wait for the child to end; None if it has not within `timeout_s`."""
        try:
            status = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        self._close()
        return status

    def kill(self) -> None:
        """Kill the child's whole session, for processes it may have started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self._close()

    def _close(self) -> None:
        assert self.process.stdout is not None
        self.end()
        self.process.stdout.close()

    def _last_line(self) -> str:
        return next(iter(self._lines()[-1:]), f"{self.role}: not started, see {self.log}")

    def _lines(self) -> list[str]:
        return self.log.read_text(encoding="utf-8", errors="replace").splitlines()

    def _tail(self) -> str:
        lines = self._lines()[-5:]
        return "".join(f"\n    {line}" for line in lines) or f" (nothing in {self.log})"


def kill_process(pid: int | None, started: str | None) -> None:
    """Kill the session of the process of that pid and start, if it is still that one.

    None for a process whose start was intended, and never came to be recorded.
    """
    if _status(pid, started) is None:
        return
    assert pid is not None
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def wait_for_end(pid: int | None, started: str | None, timeout_s: float) -> bool:
    """Wait until the process of that pid and start has ended, for at most `timeout_s`.

    It may be anybody's child. Return whether it has ended.
    """
    deadline = time.monotonic() + timeout_s
    while is_running(pid, started):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True


def is_running(pid: int | None, started: str | None) -> bool:
    """Whether the process of that pid and start runs; a zombie does not."""
    return _status(pid, started) not in (None, psutil.STATUS_ZOMBIE)


def _status(pid: int | None, started: str | None) -> str | None:
    """Return how the process of that pid and start is, as psutil says it; None if it is gone."""
    if pid is None or started is None or start_of(pid) != started:
        return None
    try:
        return str(psutil.Process(pid).status())
    except psutil.NoSuchProcess:
        return None
