"""Which runs may have left something behind: known from any working directory, until nothing is left."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from kubedrill.cluster.state import is_locked, state_folder, writing
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.files import write_whole
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.lines import BadEvidence

BROKEN = ("fault", "activity")
"""What in a ledger says that something is broken just now."""


def register(folder: RunFolder) -> None:
    """Remember a run, so that `heal` finds it from any working directory."""
    path = _registered(folder)
    with writing(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, f"{folder.path.resolve()}\n")


def unregister(folder: RunFolder) -> None:
    """Forget a run that has left nothing behind."""
    _registered(folder).unlink(missing_ok=True)


def registered() -> Iterator[RunFolder]:
    """Yield the runs that are remembered; one whose folder is gone is forgotten."""
    for entry, path in _entries():
        if path and _is_gone(path):
            entry.unlink(missing_ok=True)
        elif path:
            yield RunFolder(path)


def unreadable() -> list[Path]:
    """Return the files that should tell of runs, and cannot be read."""
    return [entry for entry, path in _entries() if path is None]


def _entries() -> Iterator[tuple[Path, Path | None]]:
    """Yield each file that tells of a run, and the run's folder; None where it cannot be read."""
    for entry in sorted((state_folder() / "runs").glob("*")):
        path = None
        with suppress(OSError, UnicodeDecodeError):
            path = Path(entry.read_text(encoding="utf-8").strip())
        if path or entry.exists():  # else it was forgotten just now
            yield entry, path


def is_registered(folder: RunFolder) -> bool:
    """Whether a run is remembered."""
    return _registered(folder).exists()


def reminder() -> str | None:
    """Return a line on what dead drills have left, if they have; a drill that runs holds its lock."""
    dead = {folder.path: left for folder in registered() if (left := _left_by_dead(folder))}
    if not dead:
        return None
    path, left = next(iter(dead.items()))
    more = f" (and {len(dead) - 1} more)" if dead.keys() - {path} else ""
    return f"{path}{more}: its drill is dead, and not undone: {left}; run: kubedrill heal"


def cluster_of(folder: RunFolder) -> tuple[str, Path]:
    """Return name and state folder of a run's cluster, whatever state folder is ours.

    BadEvidence if neither ledger nor `cluster.json` tell.
    """
    for entry in Ledger(folder.ledger).entries():
        if entry.what not in ("cluster", "access"):
            continue
        if not isinstance(state := entry.arguments.get("state"), str):
            what = f"entry {entry.id}: arguments.state: is missing, or no path"
            raise BadEvidence(folder.ledger, None, what)
        return entry.name, Path(state)
    record = ClusterRecord.read(folder.cluster)
    return record.name, record.state


def _left_by_dead(folder: RunFolder) -> str:
    """Return in words what a drill has left, its faults before all else; empty if nothing, or it runs."""
    left = Ledger(folder.ledger).open_entries()
    if not left or is_locked(*cluster_of(folder)):
        return ""
    faults = [entry.name for entry in left if entry.what in BROKEN]
    return ", ".join(faults or dict.fromkeys(entry.name for entry in left))


def _is_gone(folder: Path) -> bool:
    try:
        return not folder.is_dir()
    except OSError:
        return False  # out of our reach is not gone


def _registered(folder: RunFolder) -> Path:
    name = hashlib.sha256(str(folder.path.resolve()).encode()).hexdigest()[:16]
    return state_folder() / "runs" / name
