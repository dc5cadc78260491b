"""Undo what a drill left, in the right order and in bounded time: runner, watchdog and heal call it."""

import threading
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kubedrill.process.child import wait_for_end
from kubedrill.record.ledger import Entry, Ledger, What, undo_entry

MOMENT_S = 2.0
"""What an undo needs besides its own time: to say why it has failed."""

ENDING_S = 7.0
"""How long the drill's processes have to end by themselves: faults undoes what it injected meanwhile."""


class Step(NamedTuple):
    """What is undone at once, and how many seconds it may take, or more where an entry says so."""

    kinds: tuple[What, ...]
    limit_s: float


KEPT = (
    Step(("process",), 1.0),
    Step(("activity", "fault"), 4.0),
    Step(("identity",), 5.0),
    Step(("seed",), 310.0),
)
"""What to undo, step by step. Faults and activities know how long their undo takes; a rollback that hangs
keeps no fault from being undone.

The activities' identity is removed, and seeded objects are swept, from a cluster that stays: nothing is
broken while that goes on.
"""

DOOMED = (Step(("process",), 1.0), Step(("activity",), 2.0), Step(("cluster",), 5.0))
"""The same for a cluster that is to be destroyed: its faults and its seeded objects go with it, but an
activity of another extension may have reached beyond it."""


def longest_s(ledger: Ledger) -> float:
    """Return after how many seconds no runner or watchdog that undoes a drill is still at it."""
    entries = ledger.open_entries()
    return ENDING_S + sum(_limit_s(step, entries) for step in KEPT)


def undo_all(ledger: Ledger, at_least_s: float = 0.0) -> list[str]:
    """Undo what is open in a ledger, after the faults process had its time; return what failed.

    Each kind may take `at_least_s`, where nobody was promised that it is done sooner.
    """
    left = {entry.what for entry in ledger.open_entries()}
    doomed = "cluster" in left
    if not doomed or "activity" in left:
        _let_faults_end(ledger)
    steps = DOOMED if doomed else KEPT
    entries = ledger.open_entries()
    failures: list[str] = []
    for step in steps:
        failures += _within(max(_limit_s(step, entries), at_least_s), ledger, step.kinds)
    if doomed and not failures:
        for entry in ledger.open_entries():
            ledger.undone(entry.id)
    return failures


def _let_faults_end(ledger: Ledger) -> None:
    """Wait for the faults process: it sees the runner's end as we do, and knows best what to undo."""
    for entry in ledger.open_entries():
        if (entry.what, entry.name) == ("process", "faults"):
            wait_for_end(**entry.arguments, timeout_s=ENDING_S)


def _within(limit_s: float, ledger: Ledger, kinds: Sequence[What]) -> list[str]:
    """Undo the entries of these kinds at once; one that hangs must not keep the next kinds from their turn.

    Faults are undone at once, all of them: what proves one to be undone may need another one undone.
    """
    try:
        entries = [entry for entry in ledger.open_entries() if entry.what in kinds]
    except OSError as error:
        return [f"{' and '.join(kinds)}: {type(error).__name__}: {error}"]
    turns = [(entry.name, [entry]) for entry in entries if entry.what == "fault"]
    others = (kind for kind in kinds if kind != "fault")
    turns += [(kind, [entry for entry in entries if entry.what == kind]) for kind in others]
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


def _limit_s(step: Step, entries: Iterable[Entry]) -> float:
    """Return how long a step may take: the longest that one of its entries says, and a moment."""
    told = (entry.limit_s for entry in entries if entry.what in step.kinds)
    return max(step.limit_s, *(limit_s + MOMENT_S for limit_s in told if limit_s), 0.0)
