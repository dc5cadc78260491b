"""Faults: whose turn it is to be undone. What is due at one time begins at one time, newest first.

Chaos Toolkit plays undos one after the other, and each waits for its proof. So the first one that is
played begins all that are due, and each of the others finds its own begun.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kubedrill.clock import SECOND, now
from kubedrill.faults.progress import ENDED, GRACE, POLL_S, is_ending
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Entry, Ledger
from kubedrill.record.ledger_lines import What

BEGINNING_S = 0.5
"""For so long one waits until a newer one has begun, which may have to look first how its fault is."""


class FaultOfRun(NamedTuple):
    """Which fault of which run."""

    folder: RunFolder
    what: What
    position: int


class StillUndone(Exception):  # noqa: N818 - an event of the drill
    """An undo has not ended within its time."""


@dataclass(slots=True)
class Turn:
    """One undo, in a thread of its own where others are due with it."""

    after: "Turn | None" = None
    """That of the next newer fault."""
    begun: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    answer: dict[str, Any] = field(default_factory=dict)
    error: BaseException | None = None

    def come(self) -> None:
        """Wait until all that are newer have begun."""
        if self.after:
            self.after.begun.wait(BEGINNING_S)

    def start(self, fault: FaultOfRun, undo: "Undo", rollback: "Turn | None" = None) -> None:
        """Play the undo, after that other rollback where it is one too."""

        def play() -> None:
            if rollback:
                rollback.over.wait(GRACE / SECOND)
            try:
                self.answer = undo(self)
            except BaseException as error:  # noqa: BLE001 - raised again for who waits for it
                self.error = error
            self.begun.set()
            self.over.set()

        name = f"undo {fault.what} {fault.position}"
        threading.Thread(target=play, name=name, daemon=True).start()


Undo = Callable[[Turn], dict[str, Any]]
"""Undoes a fault: begins it when its turn has `come`, and sets it `begun`."""


@dataclass(slots=True)
class _Injected:
    """A fault that this process has injected, and not undone yet."""

    undo: Undo
    due: int | None
    """When its undo is planned, monotonic ns; None where no schedule says."""
    turn: Turn | None = None
    failed: str = ""
    """Why its last undo failed."""
    tried_at_end: bool = False
    """Whether that began after the drill was ended."""

    def is_due(self) -> bool:
        """Whether its undo is to begin by itself: each once on the schedule, and once at the drill's end."""
        if self.turn:
            return False
        if ENDED.is_set():
            return not self.tried_at_end
        return not self.failed and self.due is not None and self.due <= now()


_injected: dict[FaultOfRun, _Injected] = {}
"""In the order of their injections."""


def expect(fault: FaultOfRun, undo: Undo, due: int | None) -> None:
    """Note how what is injected now will be undone, and when."""
    _injected.pop(fault, None)
    _injected[fault] = _Injected(undo, due)


def forget(fault: FaultOfRun) -> None:
    """Note that there is nothing to be undone of it any more."""
    _injected.pop(fault, None)


def is_planned(fault: FaultOfRun) -> bool:
    """Whether a fault is undone because its time has come: by who injected it, in a drill that goes on."""
    return fault in _injected and not is_ending(fault.folder)


def take(fault: FaultOfRun, undo: Undo, limit_s: float | None = None) -> dict[str, Any]:
    """Undo a fault, after all have begun that are due now; return or raise what became of it.

    StillUndone after `limit_s`: it goes on then. What another process has injected is undone by itself.
    """
    if fault not in _injected:
        return undo(Turn())
    mine = _injected[fault]
    _begin_due(fault.folder)
    mine.turn = mine.turn or _begin(fault, None)
    until = None if limit_s is None else now() + round(limit_s * SECOND)
    while not mine.turn.over.wait(POLL_S):
        if until is not None and now() >= until:
            mine.failed = f"did not end within {limit_s:g} s"
            raise StillUndone(mine.failed)
        _begin_due(fault.folder)  # the drill may be ended meanwhile
    turn, mine.turn = mine.turn, None
    if turn.error:
        mine.failed = str(turn.error)
        raise turn.error
    forget(fault)
    return turn.answer


def standing(folder: RunFolder) -> str:
    """Return why nothing may be injected: an undo of the run has failed, or is overdue; or ""."""
    ledger = Ledger(folder.ledger)
    try:
        entries = ledger.open_entries() if ledger.path.exists() else []
    except OSError as error:
        return f"not injected: nobody knows what is not undone: {error}"
    for entry in entries:
        if why := _not_undone(folder, entry):
            return f"not injected: {entry.name} is not undone: {why}"
    return ""


def _not_undone(folder: RunFolder, entry: Entry) -> str:
    if entry.what not in {"fault", "activity"} or entry.index is None:
        return ""
    if known := _injected.get(FaultOfRun(folder, entry.what, entry.index)):
        turn_failed = known.turn and known.turn.error
        if why := known.failed or str(turn_failed or ""):
            return why
    late_s = (now() - entry.deadline) / SECOND if entry.deadline else 0.0
    return f"that was due {late_s:.1f} s ago at the latest" if late_s > 0 else ""


def _begin_due(folder: RunFolder) -> None:
    """Begin the undos of what is due, the last in first."""
    newer: Turn | None = None
    for fault, injected in reversed([*_injected.items()]):
        if fault.folder == folder and injected.is_due():
            newer = injected.turn = _begin(fault, newer)


def _begin(fault: FaultOfRun, newer: Turn | None) -> Turn:
    """Begin an undo; rollbacks of activities are played one after the other, since nobody knows of what."""
    turn, before = Turn(newer), None
    _injected[fault].tried_at_end = ENDED.is_set()
    if fault.what == "activity":
        turns = (known.turn for key, known in _injected.items() if key.what == "activity")
        before = next((known for known in turns if known and not known.over.is_set()), None)
    turn.start(fault, _injected[fault].undo, before)
    return turn
