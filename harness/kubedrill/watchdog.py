"""The process that mends what a killed drill left broken: `python -m kubedrill.watchdog --run RUN`.

It has a session of its own, and its stdin ends when the runner does, by whatever signal. It also ends
a fault that has outlived its deadline while the drill runs. The cluster's lock stays held until it ends.
"""

import argparse
import logging
import os
import select
import signal
import sys
import threading
from pathlib import Path

from kubedrill import heal
from kubedrill.process.lifeline import say_ready
from kubedrill.record.clock import now
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger, undo, undo_entry

LOOK_S = 0.5

UNDO_S = {"fault": 6.0, "process": 1.0, "cluster": 6.0, "seed": 20.0}
"""How long each kind may take; what a killed drill leaves must be gone within 15 s.

Seeded objects are swept from a cluster that stays: nothing is broken while that goes on.
"""


def undo_all(ledger: Ledger) -> list[str]:
    """Undo what is open in a ledger: faults, processes, seeded objects, cluster; return what failed.

    A cluster that is to be destroyed takes its faults and its seeded objects with it.
    """
    doomed = any(entry.what == "cluster" for entry in ledger.open_entries())
    order = ("process", "cluster") if doomed else ("fault", "process", "seed")
    failures = [failure for what in order for failure in _within(UNDO_S[what], ledger, what)]
    if doomed and not failures:
        for entry in ledger.open_entries():
            ledger.undone(entry.id)
    return failures


def end_overdue(ledger: Ledger) -> list[str]:
    """Undo the entries whose deadline has passed, though the drill runs; return what failed."""
    overdue = [one for one in ledger.open_entries() if one.deadline and one.deadline < now()]
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
        return
    logging.info("the runner is gone; undoing %s", ", ".join(entry.name for entry in left))
    failures = undo_all(ledger)
    for failure in failures:
        logging.error("not undone: %s; run: kubedrill heal", failure)
    if not failures:
        heal.unregister(folder)


def _within(limit_s: float, ledger: Ledger, what: str) -> list[str]:
    """Undo the entries of one kind; one that hangs must not keep the next kind from its turn."""
    failures: list[str] = []

    def work() -> None:
        failures.extend(undo(ledger, (what,)))

    thread = threading.Thread(target=work, name=f"undo {what}", daemon=True)
    thread.start()
    thread.join(limit_s)
    if thread.is_alive():
        return [*failures, f"{what}: not undone within {limit_s:g} s"]
    return failures


def _stdin_ended() -> bool:
    readable = select.select([0], [], [], LOOK_S)[0]
    return bool(readable) and not os.read(0, 4096)


def _arguments() -> RunFolder:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True, type=Path)
    # Never read: to have inherited the lock's descriptor is to hold the lock.
    parser.add_argument("--lock-fd", required=True, type=int)
    return RunFolder(parser.parse_args().run)


if __name__ == "__main__":
    main()
