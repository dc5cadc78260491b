"""Undo what a drill left, in the right order and in bounded time: runner, watchdog and heal call it."""

import threading
import time
from collections.abc import Iterable

from kubedrill.process.child import wait_for_end
from kubedrill.record.ledger import Entry, Ledger, undo_entry

MOMENT_S = 2.0
"""What an undo needs besides its own time: to say why it has failed."""

ENDING_S = 7.0
"""How long the drill's processes have to end by themselves: faults undoes what it injected meanwhile."""

KEPT = (("process", 1.0), ("activity", 3.0), ("fault", 4.0), ("identity", 5.0), ("seed", 310.0))
"""What to undo, and how many seconds each kind may take, or more where an entry says so: a fault knows how
long its undo takes.

The activities' identity is removed, and seeded objects are swept, from a cluster that stays: nothing is
broken while that goes on.
"""

DOOMED = (("process", 1.0), ("activity", 2.0), ("cluster", 5.0))
"""The same for a cluster that is to be destroyed: its faults and its seeded objects go with it, but an
activity of another extension may have reached beyond it."""


def longest_s(ledger: Ledger) -> float:
    """Return after how many seconds no runner or watchdog that undoes a drill is still at it."""
    entries = ledger.open_entries()
    return ENDING_S + sum(_limit_s(limit_s, entries, what) for what, limit_s in KEPT)


def undo_all(ledger: Ledger, at_least_s: float = 0.0) -> list[str]:
    """Undo what is open in a ledger, after the faults process had its time; return what failed.

    Each kind may take `at_least_s`, where nobody was promised that it is done sooner.
    """
    kinds = {entry.what for entry in ledger.open_entries()}
    doomed = "cluster" in kinds
    if not doomed or "activity" in kinds:
        _let_faults_end(ledger)
    steps = DOOMED if doomed else KEPT
    entries = ledger.open_entries()
    limits = [(what, max(_limit_s(limit_s, entries, what), at_least_s)) for what, limit_s in steps]
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
    """Undo the entries of one kind; one that hangs must not keep the next kind from its turn.

    Faults are undone at once, all of them: what proves one to be undone may need another one undone.
    """
    try:
        entries = [entry for entry in ledger.open_entries() if entry.what == what]
    except OSError as error:
        return [f"{what}: {type(error).__name__}: {error}"]
    turns = [(what, entries)]
    if what == "fault":
        turns = [(entry.name, [entry]) for entry in entries]
    failures: list[str] = []
    threads = [_undoing(ledger, name, turn, failures) for name, turn in turns]
    until = time.monotonic() + limit_s
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    late = [thread.name for thread in threads if thread.is_alive()]
    return [*failures, *(f"{name}: not undone within {limit_s:g} s" for name in late)]


def _undoing(
    ledger: Ledger, name: str, entries: list[Entry], failures: list[str]
) -> threading.Thread:
    """Undo entries, one after the other, in a thread; what fails is added to `failures`."""

    def work() -> None:
        try:
            failures.extend(said for entry in entries if (said := undo_entry(ledger, entry)))
        except BaseException as error:  # noqa: BLE001 - a thread that dies must not pass for success
            failures.append(f"{name}: {type(error).__name__}: {error}")

    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


def _limit_s(limit_s: float, entries: Iterable[Entry], what: str) -> float:
    """Return how long a kind may take: the longest that one of its entries says, and a moment."""
    own = [entry.limit_s + MOMENT_S for entry in entries if entry.what == what and entry.limit_s]
    return max(limit_s, *own) if own else limit_s
