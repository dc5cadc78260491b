"""Undo what a drill left, in the right order and in bounded time: runner, watchdog and heal call it."""

import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from kubedrill.process.child import wait_for_end
from kubedrill.record.ledger import Entry, Ledger, undo_entry
from kubedrill.record.ledger_lines import What
from kubedrill.undo.registry import BROKEN

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
    Step(("fleet",), 125.0),
    Step(("seed",), 310.0),
    Step(("access",), 130.0),
)
"""What to undo, step by step. Faults and activities know how long their undo takes; a rollback that hangs
keeps no fault from being undone.

The activities' identity, the fleet's nodes and seeded objects are removed from a cluster that stays: nothing
is broken while that goes on. Last of all goes what gave access to it.
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
    failures: list[str] = []
    for step in DOOMED if doomed else KEPT:
        if "access" in step.kinds and _is_broken(ledger):
            continue  # whoever tries again needs it
        failures += _within(step, at_least_s, ledger)
    if doomed and not failures:
        for entry in ledger.open_entries():
            ledger.undone(entry.id)
    return failures


def _is_broken(ledger: Ledger) -> bool:
    with suppress(OSError):  # who undoes the step tells of it
        return any(entry.what in BROKEN for entry in ledger.open_entries())
    return False


def _let_faults_end(ledger: Ledger) -> None:
    """Wait for the faults process: it sees the runner's end as we do, and knows best what to undo."""
    for entry in ledger.open_entries():
        if (entry.what, entry.name) == ("process", "faults"):
            wait_for_end(**entry.arguments, timeout_s=ENDING_S)


def _within(step: Step, at_least_s: float, ledger: Ledger) -> list[str]:
    """Undo what is open of a step's kinds; what hangs must not keep the next kinds from their turn.

    Faults are undone at once, all of them: what proves one to be undone may need another one undone.
    Anything else is undone one after the other.
    """
    least_s = max(step.limit_s, at_least_s)
    try:
        entries = [entry for entry in ledger.open_entries() if entry.what in step.kinds]
    except OSError as error:
        return [f"{' and '.join(step.kinds)}: {type(error).__name__}: {error}"]
    at_once = [_Turn(ledger, [entry], least_s) for entry in entries if entry.what == "fault"]
    of_kinds = ([entry for entry in entries if entry.what == kind] for kind in step.kinds)
    in_turn = [
        _Turn(ledger, turn, least_s) for turn in of_kinds if turn and turn[0].what != "fault"
    ]
    turns = [*at_once, *in_turn]
    for turn in turns:
        turn.start()
    return [failure for turn in turns for failure in turn.failures_in_time()]


class _Turn(threading.Thread):
    """Undoes entries, one after the other, each within its own time."""

    def __init__(self, ledger: Ledger, entries: list[Entry], least_s: float) -> None:
        super().__init__(name=entries[0].name, daemon=True)
        self._ledger, self._entries, self._least_s = ledger, entries, least_s
        self._failures: list[str] = []
        self._until = time.monotonic() + sum(_time_s(entry, least_s) for entry in entries)

    def run(self) -> None:
        """Undo them; one that hangs keeps no other from its turn, but of faults there is only one."""
        for entry in self._entries:
            said = [f"{entry.name}: not undone within {_time_s(entry, self._least_s):g} s"]
            undoing = threading.Thread(target=self._undo, args=(entry, said), daemon=True)
            undoing.start()
            undoing.join(_time_s(entry, self._least_s))
            self._failures += said[:1]

    def _undo(self, entry: Entry, said: list[str]) -> None:
        try:
            failure = undo_entry(self._ledger, entry)
        except BaseException as error:  # noqa: BLE001 - a thread that dies must not pass for success
            failure = f"{entry.name}: {type(error).__name__}: {error}"
        said[:] = [failure] if failure else []

    def failures_in_time(self) -> list[str]:
        """Wait for its end, and return what failed until then."""
        self.join(max(0.0, self._until - time.monotonic()) + MOMENT_S)
        return [*self._failures]


def _limit_s(step: Step, entries: Iterable[Entry]) -> float:
    """Return how long a step may take: the slowest of its faults, or all its activities in turn."""
    mine = [entry for entry in entries if entry.what in step.kinds]
    slowest = max((_time_s(entry, step.limit_s) for entry in mine), default=0.0)
    in_turn = sum(_time_s(entry, step.limit_s) for entry in mine if entry.what == "activity")
    return max(step.limit_s, slowest, in_turn)


def _time_s(entry: Entry, least_s: float) -> float:
    """Return how long the undo of an entry may take: what it says, and a moment, or else the least."""
    return max(least_s, entry.limit_s + MOMENT_S if entry.limit_s else 0.0)
