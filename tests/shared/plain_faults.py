"""Faults that write files: what a test of the player, of watchdog and heal needs of a fault."""

import sys
import time
from pathlib import Path

from kubedrill.clock import now


def inject(path: str, seconds: float = 0.0) -> None:
    """Make the file `path`; a line for each call goes to PATH.log."""
    _note(path, "inject")
    time.sleep(seconds)
    Path(path).touch()


def undo(path: str, seconds: float = 0.0) -> None:
    """Remove it; may be called again."""
    time.sleep(seconds)
    Path(path).unlink(missing_ok=True)
    _note(path, "undo")


def imported(path: str) -> None:
    """Write into the file `path` which modules this process has imported."""
    Path(path).write_text("\n".join(sys.modules))


def wait_until_gone(path: str) -> None:
    """Return when the file `path` is no more: when another fault is undone."""
    while Path(path).exists():
        time.sleep(0.01)


def fail(path: str) -> None:
    """Do nothing but fail."""
    raise RuntimeError(f"{path} cannot be broken")


def calls(path: Path) -> list[tuple[str, int]]:
    """Return what was called, and when (monotonic ns)."""
    lines = path.with_suffix(".log").read_text().splitlines()
    return [(line.split()[0], int(line.split()[1])) for line in lines]


def ruin(path: str) -> None:
    """Put a folder in place of the file `path`: in place of a disk that takes no more writes."""
    Path(path).unlink()
    Path(path).mkdir()


def _note(path: str, what: str) -> None:
    with Path(path).with_suffix(".log").open("a") as file:
        file.write(f"{what} {now()}\n")
