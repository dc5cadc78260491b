"""`kubedrill heal`: find every drill that left something behind, and undo it."""

import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from kubedrill import cluster
from kubedrill.cluster.state import Busy
from kubedrill.errors import NotStarted
from kubedrill.process.child import wait_for_end
from kubedrill.process.identity import start_of
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Entry, Ledger
from kubedrill.record.lines import BadEvidence
from kubedrill.undo.clearing import longest_s, undo_all
from kubedrill.undo.registry import (
    BROKEN,
    cluster_of,
    is_registered,
    registered,
    unreadable,
    unregister,
)
from kubedrill.undo.running import Watched, watched
from kubedrill.words import in_a_line

Say = Callable[[str], None]

PATIENCE_S = 60.0
"""For each kind of what is left. An undo that is given up while it goes on is undone, and not known to be:
that of an activity may fail the next time, since there is nothing left for it to undo."""


@dataclass(frozen=True, slots=True)
class Healed:
    """How many drills had left something that is undone now, and of how many something is left."""

    undone: int
    left: int


def heal(reports: Path, say: Say) -> Healed:
    """Undo what dead drills left, those under `reports` and those registered.

    A drill that still runs is left alone: it holds its cluster's lock. One that cannot be healed, or
    not even be read, does not stop the others.
    """
    folders = sorted(set(_known(reports)), key=lambda folder: folder.path)
    done = [_healed(folder, say) for folder in folders]
    unknown = unreadable()
    for entry in unknown:
        say(
            f"{entry}: cannot be read, so nobody knows of which run it tells; see to that, and remove it"
        )
    return Healed(undone=done.count(True), left=done.count(False) + len(unknown))


def acknowledge(path: Path, say: Say) -> None:
    """Undo what can be undone of one drill; say what stays behind, record it, and forget the drill.

    NotStarted if there is no such drill, or if it is not dead.
    """
    folder = RunFolder(path.resolve())
    if not folder.ledger.exists() and not is_registered(folder):
        raise NotStarted(f"{path}: not the folder of a run that has left anything")
    ledger = Ledger(folder.ledger)
    why = _unreadable(ledger)
    if not folder.ledger.is_dir() and ledger.open_entries():
        _acknowledge(folder, ledger, say)
    if why:
        _acknowledge_unreadable(folder, why, say)
    say(f"{folder.path}: nothing more is expected of it")
    unregister(folder)


def _healed(folder: RunFolder, say: Say) -> bool | None:
    """Return whether all that a drill left is undone now; None if it had left nothing."""
    try:
        ledger = Ledger(folder.ledger)
        if not ledger.open_entries():
            ledger.check(may_be_cut=True)
            unregister(folder)
            return None
        with _lock(folder, say):
            return _heal(folder, ledger, say)
    except Busy as busy:
        say(f"{folder.path}: left alone: {busy}")
        return False
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one drill is not the others'
        words = str(error) if isinstance(error, BadEvidence) else in_a_line(error)
        say(f"{folder.path}: cannot be healed: {words}")
    _say_how_to_acknowledge(folder, say)
    return False


def _heal(folder: RunFolder, ledger: Ledger, say: Say) -> bool:
    left = ledger.open_entries()
    if not left:  # its own watchdog was quicker
        say(f"{folder.path}: undone by its watchdog")
        unregister(folder)
        return True
    failures = undo_all(ledger, PATIENCE_S)
    if why := _unreadable(ledger):
        failures.append(f"what stands in a line that cannot be read: {why}")
    for failure in failures:
        say(f"{folder.path}: not undone: {failure}")
    if failures:
        _say_how_to_acknowledge(folder, say)
    else:
        unregister(folder)
        say(f"{folder.path}: undone: {', '.join(entry.name for entry in left)}")
    _say_if_unsupervised(folder, say)
    return not failures


def _unreadable(ledger: Ledger) -> str:
    """Return why a ledger, or a line of it, cannot be read; empty if all of it can."""
    try:
        ledger.check(may_be_cut=True)
    except BadEvidence as doubt:
        return str(doubt)
    return ""


def _say_how_to_acknowledge(folder: RunFolder, say: Say) -> None:
    command = f"kubedrill heal --acknowledge {shlex.quote(str(folder.path))}"
    say(f"  if that can never be undone: {command}")


def _say_if_unsupervised(folder: RunFolder, say: Say) -> None:
    """Say what to do about a cluster whose supervisor is gone, and all that was broken in it."""
    if not folder.cluster.exists():
        return
    record = ClusterRecord.read(folder.cluster)
    if record.stands() and (lost := cluster.lost_by(record)):
        say(f"{folder.path}: {lost}")


def _acknowledge(folder: RunFolder, ledger: Ledger, say: Say) -> None:
    try:
        lock: IO[bytes] | None = _lock(folder, say)
    except Busy:
        raise
    except Exception:  # noqa: BLE001 - where its cluster was is gone too, and with it who could hold it
        lock = None
    try:
        failures = undo_all(ledger)
        broken = [entry for entry in ledger.open_entries() if entry.what in BROKEN]
        _stays(folder, ledger, broken, failures, say)
        if broken and ledger.open_entries():  # what was kept for them need not stay
            failures = undo_all(ledger)
        _stays(folder, ledger, ledger.open_entries(), failures, say)
    finally:
        if lock:
            lock.close()


def _stays(
    folder: RunFolder, ledger: Ledger, entries: Iterable[Entry], failures: list[str], say: Say
) -> None:
    """Record that entries stay behind, and say of each why."""
    for entry in entries:
        why = next((said for said in failures if said.startswith(entry.name)), entry.name)
        ledger.acknowledge(entry.id, why)
        say(f"{folder.path}: stays behind: {why}")


def _acknowledge_unreadable(folder: RunFolder, why: str, say: Say) -> None:
    """Put a ledger that nobody can read aside, and a new one in its place that says so."""
    say(f"{folder.path}: its ledger cannot be read, and nobody can say what stays behind: {why}")
    if not folder.path.is_dir():
        return
    aside = folder.ledger.with_name("ledger.unreadable")
    folder.ledger.rename(aside)
    ledger = Ledger(folder.ledger)
    entry = ledger.intend("fault", "whatever stands in ledger.unreadable", ("", ""), {})
    ledger.acknowledge(entry, why)


def _known(reports: Path) -> Iterator[RunFolder]:
    top = reports.resolve()
    # The runs of a comparison stand in its folder, each in one of its arm's.
    for ledger in (*top.glob("*/*/ledger.jsonl"), *top.glob("*/*/*/*/ledger.jsonl")):
        if ledger.parent == ledger.parent.resolve():  # not by way of a link
            yield RunFolder(ledger.parent)
    yield from registered()


def _lock(folder: RunFolder, say: Say) -> IO[bytes]:
    """Lock the drill's cluster, once the drill's own watchdog has ended; Busy if others hold it."""
    name, state = cluster_of(folder)
    # Looked for before the lock is asked for: one that ends in between has let it go.
    drill = next((found for found in watched() if found.folder.path == folder.path), None)
    try:
        return cluster.lock(name, state)
    except Busy:
        if drill is None:
            raise
    with suppress(psutil.NoSuchProcess):  # it has ended just now
        _wait_for(drill, folder, say)
    return cluster.lock(name, state)


def _wait_for(drill: Watched, folder: RunFolder, say: Say) -> None:
    """Wait until the watchdog of a dead drill has ended; Busy if the drill runs, or it does not end."""
    if drill.runs():
        raise Busy("it still runs")
    watchdog = drill.watchdog
    say(f"{folder.path}: its watchdog is at work; waiting for its end")
    limit_s = longest_s(Ledger(folder.ledger))
    if not wait_for_end(watchdog.pid, start_of(watchdog.pid), limit_s):
        words = f"its watchdog (pid {watchdog.pid}) is still at work after {limit_s:g} s"
        raise Busy(f"{words}; see {folder.logs / 'watchdog.log'}")
