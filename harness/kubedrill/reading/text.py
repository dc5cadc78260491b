"""The text of a file that a person wrote: a regular file of a sensible size, in UTF-8."""

import os
import stat
from pathlib import Path

MAX_BYTES = 256 * 1024

_NO_FILE = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class BadText(Exception):  # noqa: N818 - becomes a BadFile, which names the file
    """The text is not what is accepted; `line` counts from 1."""

    def __init__(self, line: int | None, message: str) -> None:
        super().__init__(message)
        self.line = line


def read_text(path: Path, largest: int = MAX_BYTES) -> str:
    """Return the text of a file of at most `largest` bytes; BadText says why it cannot be had.

    A pipe, a socket or a device is not opened: it might never end, or never begin.
    """
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
        if kind in _NO_FILE:
            raise BadText(None, f"is {_NO_FILE[kind]}, not a file")
        # Should it have become a pipe since, nobody waits for its other end.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            raw = file.read(largest + 1)
    except IsADirectoryError:
        raise BadText(None, "is a directory; name one of the files in it") from None
    except (FileNotFoundError, ValueError):  # ValueError: a NUL in the name
        raise BadText(None, "no such file") from None
    except OSError as error:
        raise BadText(None, f"cannot be read: {error.strerror}") from None
    if len(raw) > largest:
        raise BadText(1, f"larger than {largest // 1024:,} KiB; no such file of ours is")
    return _decoded(raw)


def line_of(text: str, position: int) -> int:
    """Return the line (from 1) of a position in the text."""
    return text.count("\n", 0, position) + 1


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        byte = raw[error.start]
        message = f"not UTF-8: byte 0x{byte:02x} at offset {error.start}; save the file as UTF-8"
        raise BadText(line, message) from None
