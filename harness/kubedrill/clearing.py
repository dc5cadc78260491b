"""Undo what a drill left, in the right order and in bounded time: runner, watchdog and heal call it."""

import threading

from kubedrill.record.ledger import Ledger, undo

UNDO_S = {"fault": 6.0, "process": 1.0, "cluster": 6.0, "seed": 310.0}
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
