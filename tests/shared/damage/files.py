"""Damages of a file as a whole, of its bytes and of its lines, whatever it holds.

Each damage changes the file in place and says in words what it has done. It raises Unfit where that file
cannot be damaged so: an empty one cannot be truncated, one line cannot change places.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

Damage = Callable[[Path, Random], str]
SECOND = 1_000_000_000


class Unfit(Exception):  # noqa: N818 - no error: another damage is chosen
    """This file cannot be damaged in this way."""


def missing(path: Path, chance: Random) -> str:
    path.unlink()
    return "removed"


def emptied(path: Path, chance: Random) -> str:
    size = _bytes(path)
    os.truncate(path, 0)
    return f"emptied of {len(size)} bytes"


def truncated(path: Path, chance: Random) -> str:
    whole = _bytes(path)
    size = chance.randrange(len(whole))
    os.truncate(path, size)
    return f"cut off after {size} of {len(whole)} bytes"


def flipped(path: Path, chance: Random) -> str:
    data = bytearray(_bytes(path))
    at, bit = chance.randrange(len(data)), chance.randrange(8)
    before = data[at]
    data[at] ^= 1 << bit
    path.write_bytes(data)
    line = bytes(data[data.rfind(b"\n", 0, at) + 1 :]).partition(b"\n")[0]
    where = f" in {_short(line)}" if line.isascii() else ""
    return f"bit {bit} of byte {at} flipped: {bytes([before])!r} -> {bytes([data[at]])!r}{where}"


def grown(path: Path, chance: Random) -> str:
    more = chance.choice([b"\n", b"{}\n", b"\x00" * 28, b"more"])
    path.write_bytes(path.read_bytes() + more)
    return f"{more!r} added at its end"


def folder(path: Path, chance: Random) -> str:
    path.unlink()
    path.mkdir()
    return "a folder in its place"


def pipe(path: Path, chance: Random) -> str:
    path.unlink()
    os.mkfifo(path)
    return "a pipe in its place"


def link(path: Path, chance: Random) -> str:
    path.unlink()
    path.symlink_to(path.name)
    return "a link to itself in its place"


def unreadable(path: Path, chance: Random) -> str:
    """Nobody may read it; root may, unless he has laid that down (judging.lay_down_override)."""
    path.chmod(0)
    return "mode 000"


def dropped(path: Path, chance: Random) -> str:
    lines = _lines(path, 2)
    at = chance.randrange(len(lines))
    gone = lines.pop(at)
    path.write_bytes(b"".join(lines))
    return f"line {at + 1} dropped: {_short(gone)}"


def doubled(path: Path, chance: Random) -> str:
    lines = _lines(path, 1)
    line, at = chance.choice(lines), chance.randrange(len(lines) + 1)
    lines.insert(at, line)
    path.write_bytes(b"".join(lines))
    return f"once more at line {at + 1}: {_short(line)}"


def swapped(path: Path, chance: Random) -> str:
    lines = _lines(path, 2)
    pairs = [(a, b) for a in range(len(lines)) for b in (a + 1, a + 7) if b < len(lines)]
    pairs = [(a, b) for a, b in pairs if lines[a] != lines[b]]
    if not pairs:
        raise Unfit
    first, other = chance.choice(pairs)
    lines[first], lines[other] = lines[other], lines[first]
    path.write_bytes(b"".join(lines))
    return f"lines {first + 1} and {other + 1} swapped"


def garbled(path: Path, chance: Random) -> str:
    lines = _lines(path, 1)
    at = chance.randrange(len(lines))
    before, lines[at] = lines[at], chance.choice([b"\xff\x00{]\n", b"\n", b"null\n", b"[]\n"])
    path.write_bytes(b"".join(lines))
    return f"line {at + 1} is {lines[at]!r}, was {_short(before)}"


OF_ANY: tuple[Damage, ...] = (
    missing,
    emptied,
    truncated,
    flipped,
    grown,
    folder,
    pipe,
    link,
    unreadable,
)
OF_LINES: tuple[Damage, ...] = (dropped, doubled, swapped, garbled)


def _bytes(path: Path) -> bytes:
    data = path.read_bytes()
    if not data:
        raise Unfit
    return data


def _lines(path: Path, at_least: int) -> list[bytes]:
    lines = path.read_bytes().splitlines(keepends=True)
    if len(lines) < at_least:
        raise Unfit
    return lines


def _short(line: bytes) -> str:
    text = line.decode(errors="replace").strip()
    return text if len(text) <= 80 else f"{text[:77]}..."


def shift(chance: Random) -> int:
    """Return by how many ns times are shifted."""
    return round(chance.choice([-1, 1]) * chance.choice([0.05, 1.5, 20, 300]) * SECOND)


def short(value: Any) -> str:
    """Return a value as the damage's words show it."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
