"""The process that mends what a killed drill left broken: `python -m kubedrill.undo.watchdog --run RUN`.

It has a session of its own, and its stdin ends when the runner does, by whatever signal. It also ends
a fault that has outlived its deadline while the drill runs. The cluster's lock stays held until it ends.
"""

import argparse
import logging
import os
import select
import signal
import sys
from pathlib import Path

from kubedrill.clock import now
from kubedrill.process.lifeline import say_ready
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger, undo_entry
from kubedrill.undo import registry
from kubedrill.undo.clearing import undo_all

LOOK_S = 0.5


def end_overdue(ledger: Ledger) -> list[str]:
    """Undo the entries whose deadline has passed, though the drill runs; return what failed."""
    left = ledger.open_entries()
    overdue = [entry for entry in left if entry.deadline and entry.deadline < now()]
    return [failure for entry in overdue if (failure := undo_entry(ledger, entry))]


def main() -> None:
    """Wait for the runner's end, then undo whatever it has left."""
    folder = _arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    say_ready()
    ledger = Ledger(folder.ledger)
    while not _stdin_ended():
        for failure in end_overdue(ledger):
            logging.error("overdue, not undone: %s", failure)
    left = ledger.open_entries()
    if not left:
        registry.unregister(folder)  # the runner may have been killed before it did
        return
    logging.info("the runner is gone; undoing %s", ", ".join(entry.name for entry in left))
    failures = undo_all(ledger)
    for failure in failures:
        logging.error("not undone: %s; run: kubedrill heal", failure)
    if not failures:
        registry.unregister(folder)


def _stdin_ended() -> bool:
    readable = select.select([0], [], [], LOOK_S)[0]
    return bool(readable) and not os.read(0, 4096)


def _arguments() -> RunFolder:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True, type=Path)
    # Never read: to have inherited the lock's descriptor is to hold the lock.
    parser.add_argument("--lock-fd", required=True, type=int)
    # For `heal`, which tells by it whether the runner is still this process' parent.
    parser.add_argument("--runner", required=True, type=int)
    return RunFolder(parser.parse_args().run)


if __name__ == "__main__":
    main()
