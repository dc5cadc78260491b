"""Ask a program of somebody else's: it may hang, and whatever it has started ends with it."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_LAST_WORDS_S = 1.0
"""For what is left in the pipes of a program that was ended."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a program has said."""

    code: int | None
    """Its exit code, negative for a signal; None if it did not end in time."""
    out: str
    err: str


def ask(
    command: Sequence[str | Path],
    limit_s: float,
    given: str = "",
    environment: Mapping[str, str] | None = None,
) -> Said:
    """Run a program with `given` as its stdin, in a session of its own, which ends with it.

    OSError if it cannot be run.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    said: tuple[bytes | None, bytes | None]
    try:
        said = process.communicate(given.encode(), timeout=limit_s)
    except subprocess.TimeoutExpired:
        code = process.poll()  # it may have ended, and only what it started holds the pipes
        _end(process)
        said = _last_words(process)
    else:
        code = process.returncode
    finally:
        _end(process)
    out, err = ((stream or b"").decode(errors="replace") for stream in said)
    return Said(code, out, err)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the program and its session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_words(process: "subprocess.Popen[bytes]") -> tuple[bytes | None, bytes | None]:
    try:
        return process.communicate(timeout=_LAST_WORDS_S)
    except subprocess.TimeoutExpired as error:  # who left the session still holds the pipes
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                pipe.close()
        return error.output, error.stderr
