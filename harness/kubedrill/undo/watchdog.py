"""The process that mends what a killed drill left broken: `python -m kubedrill.undo.watchdog --run RUN`.

It has a session of its own, and its stdin ends when the runner does, by whatever signal. It also ends
a fault that has outlived its deadline while the drill runs. The cluster's lock stays held until it ends:
it has inherited it from the runner, or takes it itself for a run that no drill plays.
"""

import argparse
import logging
import os
import select
import signal
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import IO

from kubedrill import cluster
from kubedrill.clock import SECOND, now
from kubedrill.errors import NotStarted
from kubedrill.process.child import NOT_STARTED
from kubedrill.process.lifeline import say_ready
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Entry, Ledger, undo_entry
from kubedrill.record.stopping import is_asked
from kubedrill.undo import registry
from kubedrill.undo.clearing import ENDING_S, undo_all
from kubedrill.undo.holding import hold

LOOK_S = 0.5


class Overdue:
    """Undoes what has outlived its time, though the drill runs: each by itself, for one may hang."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._threads: dict[str, threading.Thread] = {}

    def end(self) -> None:
        """Begin with those that are overdue, the last in first; what has failed is tried again."""
        for entry in self._ledger.open_entries():
            thread = self._threads.get(entry.id)
            if entry.deadline and entry.deadline < now() and not (thread and thread.is_alive()):
                self._threads[entry.id] = threading.Thread(
                    target=self._undo, args=(entry,), name=entry.name, daemon=True
                )
                self._threads[entry.id].start()

    def _undo(self, entry: Entry) -> None:
        if failure := undo_entry(self._ledger, entry):
            logging.error("overdue, not undone: %s", failure)


def main() -> None:
    """Wait for the runner's end, then undo whatever it has left."""
    folder, inherits = _arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    with nullcontext() if inherits else _taken(folder):
        hold(folder)
        say_ready()
        _watch(folder, Ledger(folder.ledger), alone=not inherits)


def _watch(folder: RunFolder, ledger: Ledger, *, alone: bool) -> None:
    overdue = Overdue(ledger)
    asked = None
    while not _stdin_ended():
        overdue.end()
        # Chaos Toolkit may pass over the signal that ends it, if that comes in the midst of an action.
        if alone and is_asked(folder):
            asked = asked or now()
            if now() - asked > ENDING_S * SECOND:
                break
    left = ledger.open_entries()
    if not left:
        registry.unregister(folder)  # the runner may have been killed before it did
        return
    why = "goes on, though it was asked to stop" if asked else "is gone"
    logging.info("the runner %s; undoing %s", why, ", ".join(entry.name for entry in left))
    failures = undo_all(ledger)
    for failure in failures:
        logging.error("not undone: %s; run: kubedrill heal", failure)
    if not failures:
        registry.unregister(folder)


def _taken(folder: RunFolder) -> IO[bytes]:
    """Take the cluster of a run, and remember the run; end with words if that cannot be."""
    try:
        lock = cluster.lock(*registry.cluster_of(folder))
        cluster.sign(lock, folder.path)
        registry.register(folder)
    except NotStarted as error:
        print(error, file=sys.stderr)
        sys.exit(NOT_STARTED)
    return lock


def _stdin_ended() -> bool:
    readable = select.select([0], [], [], LOOK_S)[0]
    return bool(readable) and not os.read(0, 4096)


def _arguments() -> tuple[RunFolder, bool]:
    """Return the run, and whether the lock of its cluster was inherited."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True, type=Path)
    # Never read: to have inherited the lock's descriptor is to hold the lock.
    parser.add_argument("--lock-fd", type=int)
    # For `heal`, which tells by it whether the runner is still this process' parent.
    parser.add_argument("--runner", required=True, type=int)
    given = parser.parse_args()
    return RunFolder(given.run), given.lock_fd is not None


if __name__ == "__main__":
    main()
