"""`kubedrill heal`: find every drill that left something behind, and undo it."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kubedrill import cluster
from kubedrill.clearing import undo_all
from kubedrill.cluster.state import state_folder, writing
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.files import write_whole
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger


def register(folder: RunFolder) -> None:
    """Remember a run, so that `heal` finds it from any working directory."""
    path = _registered(folder)
    with writing(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, f"{folder.path.resolve()}\n")


def unregister(folder: RunFolder) -> None:
    """Forget a run that has left nothing behind."""
    _registered(folder).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Healed:
    """How many drills had left something that is undone now, and of how many something is left."""

    undone: int
    left: int


def heal(reports: Path, say: Callable[[str], None]) -> Healed:
    """Undo what dead drills left, those under `reports` and those registered.

    A drill that still runs is left alone: it holds its cluster's lock. One that cannot be healed, or
    not even be read, does not stop the others.
    """
    done = [
        _healed(folder, say) for folder in sorted(set(_known(reports)), key=lambda one: one.path)
    ]
    return Healed(undone=done.count(True), left=done.count(False))


def _healed(folder: RunFolder, say: Callable[[str], None]) -> bool | None:
    """Return whether all that a drill left is undone now; None if it had left nothing."""
    try:
        if not Ledger(folder.ledger).open_entries():
            unregister(folder)
            return None
        with _lock(folder):
            return _heal(folder, Ledger(folder.ledger), say)
    except NotStarted as busy:
        say(f"{folder.path}: left alone: {busy}")
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one drill is not the others'
        say(f"{folder.path}: cannot be healed: {type(error).__name__}: {error}")
    return False


def _heal(folder: RunFolder, ledger: Ledger, say: Callable[[str], None]) -> bool:
    left = ledger.open_entries()
    failures = undo_all(ledger)
    for failure in failures:
        say(f"{folder.path}: not undone: {failure}")
    if not failures:
        unregister(folder)
        say(f"{folder.path}: undone: {', '.join(entry.name for entry in left)}")
    _say_if_unsupervised(folder, say)
    return not failures


def _say_if_unsupervised(folder: RunFolder, say: Callable[[str], None]) -> None:
    """Say what to do about a cluster whose supervisor is gone, and all that was broken in it."""
    if not folder.cluster.exists():
        return
    record = ClusterRecord.read(folder.cluster)
    try:
        if record.stands():
            cluster.check_supervised(record)
    except NotStarted as lost:
        say(f"{folder.path}: {lost}")


def _known(reports: Path) -> Iterator[RunFolder]:
    for ledger in reports.resolve().glob("*/*/ledger.jsonl"):
        if not ledger.parent.is_symlink():
            yield RunFolder(ledger.parent)
    for entry in _registry().glob("*"):
        path = Path(entry.read_text(encoding="utf-8").strip())
        if _is_gone(path):
            entry.unlink(missing_ok=True)
        else:
            yield RunFolder(path)


def _is_gone(folder: Path) -> bool:
    try:
        return not folder.is_dir()
    except OSError:
        return False  # out of our reach is not gone


def _lock(folder: RunFolder) -> IO[bytes]:
    """Lock the drill's cluster where the drill did, whatever state folder is ours."""
    for entry in Ledger(folder.ledger).entries():
        if entry.what == "cluster":
            return cluster.lock(entry.name, Path(entry.arguments["state"]))
    record = ClusterRecord.read(folder.cluster)
    return cluster.lock(record.name, Path(record.folder).parents[1])


def _registry() -> Path:
    return state_folder() / "runs"


def _registered(folder: RunFolder) -> Path:
    name = hashlib.sha256(str(folder.path.resolve()).encode()).hexdigest()[:16]
    return _registry() / name
