"""Standard streams that cannot break a command: what could not be written is dropped, and told at the end."""

import errno
import io
import os
import select
import sys
from typing import Any, TextIO

from kubedrill.cli.parts import PARTLY, Done


class _Outlet(io.RawIOBase):
    """A descriptor whose reader may go away, or its disk be full, while a drill goes on."""

    def __init__(self, descriptor: int, lost: OSError | None = None) -> None:
        super().__init__()
        self._descriptor = descriptor
        self.lost = lost
        """Why what came since then was dropped."""

    def write(self, data: Any, /) -> int:
        if self.lost is None:
            try:
                return self._write(data)
            except OSError as error:
                self.lost = error
        return len(data)

    def _write(self, data: Any) -> int:
        while True:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:  # shared with one that has asked never to wait
                select.select([], [self._descriptor], [])

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)


class Streams:
    """Takes over stdout and stderr for the rest of the process."""

    def __init__(self) -> None:
        closed = [number for number in (0, 1, 2) if _is_closed(number)]
        for number in closed:
            _fill(number)
        self._out = _Outlet(1, OSError(errno.EBADF, "closed") if 1 in closed else None)
        sys.stdout = _text(self._out, sys.stdout)
        sys.stderr = _text(_Outlet(2), sys.stderr)

    def exit_code(self, result: object) -> int:
        """Return the exit code for what a command returned, and say on stderr if its words are lost.

        A reader that went away (`| head -1`) had what it wanted. Otherwise a command that does nothing
        but print has not done its work; the code of one that did something is that of what it did.
        """
        sys.stdout.flush()
        code = result if isinstance(result, int) else 0
        lost = self._out.lost
        if lost is None or lost.errno == errno.EPIPE:
            return code
        print(f"stdout: {lost.strerror}; what this command prints is lost", file=sys.stderr)
        return code if isinstance(result, Done) else code or PARTLY


def _is_closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False


def _fill(number: int) -> None:
    """Put /dev/null in a descriptor's place, lest the next file that is opened take it."""
    null = os.open(os.devnull, os.O_RDWR)
    if null == number:
        os.set_inheritable(number, True)
    else:
        os.dup2(null, number)
        os.close(null)


def _text(outlet: _Outlet, like: "TextIO | None") -> TextIO:
    encoding = like.encoding if like else "utf-8"
    # A terminal that does not know a character shows its number; no command ends for it.
    return io.TextIOWrapper(
        io.BufferedWriter(outlet), encoding, "backslashreplace", line_buffering=outlet.isatty()
    )
