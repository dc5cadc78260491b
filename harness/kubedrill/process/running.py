"""Run a command of whoever began the drill: as them, for so long at most."""

import logging
import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from kubedrill.clock import SECOND, now
from kubedrill.process.environment import operators
from kubedrill.words import exit_status, printable, shown

KEPT_BYTES = 4096
"""What of each of its streams is kept, and so may come into a log or a message."""
DRAINED_S = 0.5
"""For what it has written before it ended to be read; what it has left behind may hold its streams open."""


class NotRun(Exception):  # noqa: N818 - what a file names, not an accident of this program
    """There is no such program, or it cannot be run."""


@dataclass(frozen=True, slots=True)
class CommandEnd:
    """How a command ended, and the beginning of what it said."""

    command: tuple[str, ...]
    status: int | None
    """None: it was killed, since its time was over."""
    out: str
    err: str
    seconds: float

    def why_failed(self) -> str:
        """Return in words how it failed; "" if it exited with 0."""
        if self.status == 0:
            return ""
        program = shown(self.command[0])
        if self.status is None:
            return f"{program} took longer than {self.seconds:.0f} s, and was killed"
        return f"{program} ended with {exit_status(self.status)}{self.said()}"

    def said(self) -> str:
        """Return in words what it printed last, on stderr rather than on stdout; "" if nothing."""
        lines = self.err.strip().splitlines() or self.out.strip().splitlines()
        return f": {shown(lines[-1], 200)}" if lines else ""


def run(
    command: Sequence[str],
    limit_s: float,
    begun: Callable[[int], None] = lambda _: None,
    more: Mapping[str, str] = {},
) -> CommandEnd:
    """Run a command in a process group of its own; NotRun if there is no such program.

    `begun` is told its pid. It has the environment of who began the drill with `more`, and nothing on stdin.
    """
    start = now()
    process = _started(command, more)
    kept = [_Kept(stream) for stream in (process.stdout, process.stderr) if stream]
    status = None
    try:
        begun(process.pid)
        with suppress(subprocess.TimeoutExpired):
            status = process.wait(limit_s)
    finally:
        if status is None:
            _kill(process)
    out, err = (stream.text() for stream in kept)
    return CommandEnd(tuple(command), status, out, err, (now() - start) / SECOND)


def log(ended: CommandEnd) -> None:
    """Tell the log of whoever ran it what was run, and what it said."""
    logging.info(
        "ran %s: %s after %.2f s%s%s",
        shlex.join(ended.command),
        "killed" if ended.status is None else exit_status(ended.status),
        ended.seconds,
        f"; stdout: {printable(ended.out)}" if ended.out else "",
        f"; stderr: {printable(ended.err)}" if ended.err else "",
    )


def _started(command: Sequence[str], more: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**operators(), **more},
            start_new_session=True,
        )
    except OSError as error:
        raise NotRun(f"{shown(command[0])} cannot be run: {error.strerror}") from None


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill it, with all of its process group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class _Kept:
    """Reads a stream to its end, so that nobody waits for it, and keeps its beginning."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._kept = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with self._stream, suppress(OSError, ValueError):
            while piece := os.read(self._stream.fileno(), 65536):
                self._kept += piece[: KEPT_BYTES - len(self._kept)]

    def text(self) -> str:
        """Return the beginning of what has come until now."""
        self._reader.join(DRAINED_S)
        return self._kept.decode(errors="replace")
