"""The terminal that people read: a rich console that survives the loss of its reader."""

import sys
from typing import TextIO

from rich.console import Console


class _Forgiving:
    """A text stream whose reader may go away: what cannot be shown is dropped, the drill goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = stream.encoding

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            pass

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()


def console() -> Console:
    """Return a console on stdout; without a terminal it prints plain lines of 100 columns."""
    stream: TextIO = _Forgiving(sys.stdout)  # type: ignore[assignment]
    return Console(file=stream, width=None if sys.stdout.isatty() else 100, highlight=False)
