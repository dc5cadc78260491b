"""Undo what a drill left, in the right order and in bounded time: runner, watchdog and heal call it."""

import threading

from kubedrill.process.child import wait_for_end
from kubedrill.record.ledger import Ledger, undo

ENDING_S = 7.0
"""How long the drill's processes have to end by themselves: faults undoes what it injected meanwhile."""

KEPT = (("process", 1.0), ("activity", 3.0), ("fault", 4.0), ("identity", 5.0), ("seed", 310.0))
"""What to undo, and how many seconds each kind may take: what is broken is mended within 15 s.

The activities' identity is removed, and seeded objects are swept, from a cluster that stays: nothing is
broken while that goes on.
"""

DOOMED = (("process", 1.0), ("activity", 2.0), ("cluster", 5.0))
"""The same for a cluster that is to be destroyed: its faults and its seeded objects go with it, but an
activity of another extension may have reached beyond it."""


LONGEST_S = ENDING_S + sum(limit_s for _, limit_s in KEPT)
"""After this time no runner or watchdog that undoes a drill is still at it."""


def undo_all(ledger: Ledger, at_least_s: float = 0.0) -> list[str]:
    """Undo what is open in a ledger, after the faults process had its time; return what failed.

    Each kind may take `at_least_s`, where nobody was promised that it is done sooner.
    """
    kinds = {entry.what for entry in ledger.open_entries()}
    doomed = "cluster" in kinds
    if not doomed or "activity" in kinds:
        _let_faults_end(ledger)
    steps = DOOMED if doomed else KEPT
    limits = [(what, max(limit_s, at_least_s)) for what, limit_s in steps]
    failures = [failure for what, limit_s in limits for failure in _within(limit_s, ledger, what)]
    if doomed and not failures:
        for entry in ledger.open_entries():
            ledger.undone(entry.id)
    return failures


def _let_faults_end(ledger: Ledger) -> None:
    """Wait for the faults process: it sees the runner's end as we do, and knows best what to undo."""
    for entry in ledger.open_entries():
        if (entry.what, entry.name) == ("process", "faults"):
            wait_for_end(**entry.arguments, timeout_s=ENDING_S)


def _within(limit_s: float, ledger: Ledger, what: str) -> list[str]:
    """Undo the entries of one kind; one that hangs must not keep the next kind from its turn."""
    failures: list[str] = []

    def work() -> None:
        try:
            failures.extend(undo(ledger, (what,)))
        except BaseException as error:  # noqa: BLE001 - a thread that dies must not pass for success
            failures.append(f"{what}: {type(error).__name__}: {error}")

    thread = threading.Thread(target=work, name=f"undo {what}", daemon=True)
    thread.start()
    thread.join(limit_s)
    if thread.is_alive():
        return [*failures, f"{what}: not undone within {limit_s:g} s"]
    return failures
