"""What an earlier version left, kept to be compared with: run folders, and what it made of experiments."""

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def unpack(packed: Path, folder: Path) -> None:
    """Unpack an archive of plain files."""
    with tarfile.open(packed) as files:
        files.extractall(folder, filter="data")


def changed(before: Any, after: Any, place: str) -> Iterator[str]:
    """Yield what was said before and is not said now, or otherwise; more may be said."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            yield from changed(value, after.get(name), f"{place}.{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, pair in enumerate(zip(before, after, strict=True)):
            yield from changed(*pair, f"{place}[{number}]")
    elif not _same(before, after):
        yield f"{place}: was {before!r}, is {after!r}"


def _same(before: Any, after: Any) -> bool:
    """Numbers may differ in the last digits: libraries add up in other orders."""
    if isinstance(before, float) and isinstance(after, float):
        return after == pytest.approx(before, rel=1e-9)
    return type(before) is type(after) and before == after
