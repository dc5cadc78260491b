"""Errors that end a command before anything is started (exit code 3)."""

from pathlib import Path

from kubedrill.words import printable


class NotStarted(Exception):  # noqa: N818 - reads as the exit it causes
    """Nothing was started; ``str(error)`` is one line that says what is wrong and what would work."""


class CutShort(Exception):  # noqa: N818 - an event, not a programming error
    """A command that gives no verdict did only a part of its work; the message says what is left."""


class BadFile(NotStarted):
    """A file that a person wrote is wrong; the message begins with ``path:line:``."""

    def __init__(self, path: Path | str, line: int | None, message: str) -> None:
        place = printable(str(path)) + (f":{line}" if line is not None else "")
        super().__init__(f"{place}: {message}")
        self.path = Path(path)
        self.line = line
        self.message = message
