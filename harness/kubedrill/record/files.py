"""Files that are whole or absent."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

_BLOCK = 4096


def write_whole(path: Path, text: str, mode: int = 0o644) -> None:
    """Write `text` to `path` so that a reader, or a crash, sees all of it or none of it."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any, mode: int = 0o644) -> None:
    """Write `value` as indented JSON, whole or not at all."""
    write_whole(path, json.dumps(value, indent=1) + "\n", mode)


def last_line(path: Path) -> str:
    """Return the last line of a log, at most 4 KiB of it; empty if it has none, or cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - _BLOCK, 0))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return lines[-1] if lines else ""


def length_of_lines(path: Path) -> int:
    """Return the length of a file's whole lines, in bytes: without a last one that was cut off."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            begin = max(end - _BLOCK, 0)
            file.seek(begin)
            found = file.read(end - begin).rfind(b"\n")
            if found >= 0:
                return begin + found + 1
            end = begin
    return 0
