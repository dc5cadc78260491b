"""`kubedrill heal`: find every drill that left something behind, and undo it."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from kubedrill import cluster
from kubedrill.clearing import undo_all
from kubedrill.cluster.state import state_folder
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.files import write_whole
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger


def register(folder: RunFolder) -> None:
    """Remember a run, so that `heal` finds it from any working directory."""
    path = _registered(folder)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, f"{folder.path.resolve()}\n")


def unregister(folder: RunFolder) -> None:
    """Forget a run that has left nothing behind."""
    _registered(folder).unlink(missing_ok=True)


def heal(reports: Path, say: Callable[[str], None]) -> int:
    """Undo what dead drills left, those under `reports` and those registered; return how many did.

    A drill that still runs is left alone: it holds its cluster's lock.
    """
    healed = 0
    for folder in sorted(set(_known(reports)), key=lambda one: one.path):
        ledger = Ledger(folder.ledger)
        if not ledger.open_entries():
            unregister(folder)
            continue
        try:
            with cluster.lock(_cluster_name(folder)):
                healed += _heal(folder, ledger, say)
        except NotStarted as busy:
            say(f"{folder.path}: left alone: {busy}")
    return healed


def _heal(folder: RunFolder, ledger: Ledger, say: Callable[[str], None]) -> int:
    left = ledger.open_entries()
    failures = undo_all(ledger)
    for failure in failures:
        say(f"{folder.path}: not undone: {failure}")
    if not failures:
        unregister(folder)
        say(f"{folder.path}: undone: {', '.join(entry.name for entry in left)}")
    return 1


def _known(reports: Path) -> Iterator[RunFolder]:
    for ledger in reports.resolve().glob("*/*/ledger.jsonl"):
        if not ledger.parent.is_symlink():
            yield RunFolder(ledger.parent)
    for entry in _registry().glob("*"):
        path = Path(entry.read_text(encoding="utf-8").strip())
        if path.is_dir():
            yield RunFolder(path)
        else:
            entry.unlink(missing_ok=True)


def _cluster_name(folder: RunFolder) -> str:
    for entry in Ledger(folder.ledger).entries():
        if entry.what == "cluster":
            return entry.name
    return ClusterRecord.read(folder.cluster).name


def _registry() -> Path:
    return state_folder() / "runs"


def _registered(folder: RunFolder) -> Path:
    name = hashlib.sha256(str(folder.path.resolve()).encode()).hexdigest()[:16]
    return _registry() / name
