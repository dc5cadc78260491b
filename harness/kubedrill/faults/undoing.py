"""Faults: an undo, from its beginning to the proof that all is as before; runner, watchdog and heal call it.

Nothing that goes wrong on the way keeps anything from being undone, or is kept to itself: what fails is
tried again until the fault's time is over.
"""

import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import ValidationError

from kubedrill.clock import SECOND, now
from kubedrill.cluster.handle import HandleError
from kubedrill.cluster.provider import handle_of
from kubedrill.faults import elsewhere, lasting, turns, watched
from kubedrill.faults.attempting import attempt
from kubedrill.faults.beside import beside
from kubedrill.faults.catalogue import kind_of
from kubedrill.faults.fault import Fault, Scene, Seen, missing, proof
from kubedrill.faults.progress import POLL_S, FaultFailed, Progress, folder_of, planned_undo
from kubedrill.faults.proving import undo_proven
from kubedrill.faults.turns import FaultOfRun, Turn
from kubedrill.reading.wrong import in_parameters
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Entry, Ledger
from kubedrill.record.target import targets_of

UNFINISHED_S = 10.0
"""For so long the last step may still show, where a component was let go by another fault just before."""


def undo(fault: str, run: str, index: int = 0, file: str = "") -> dict[str, Any]:
    """Undo what `inject` did, and wait for the proof that all is as before; may be called again.

    Raises FaultFailed if the effect did not last until now, or if it is not undone within the fault's time.
    """
    with watched.letting_go(folder := folder_of(run)):
        by_name = partial(_undo_by_name, fault, folder, index, file)
        return turns.take(_fault_of(folder, index), by_name)


def expect(fault: str, folder: RunFolder, index: int, file: str) -> None:
    """Note that this process injects a fault now: it begins to undo it with the others that are due."""
    by_name = partial(_undo_by_name, fault, folder, index, file)
    turns.expect(_fault_of(folder, index), by_name, planned_undo(folder, index))


def forget(folder: RunFolder, index: int) -> None:
    """Note that a fault is over by itself."""
    turns.forget(_fault_of(folder, index))


def remember(ledger: Ledger, entry: str, folder: RunFolder, index: int) -> None:
    """Keep an entry in mind: also where the ledger is cut meanwhile, it is undone."""
    if known := ledger.entry(entry):
        _remembered[folder, index] = known


def read_fault(fault: str, given: Mapping[str, Any], file: str) -> Fault:
    """Return the fault of that name with what is given; FaultFailed if it cannot be given that."""
    try:
        return kind_of(fault, file).model_validate(dict(given))
    except ValidationError as error:
        raise FaultFailed(f"{fault}: {in_parameters(error)}") from None


_remembered: dict[tuple[RunFolder, int], Entry] = {}


def _fault_of(folder: RunFolder, index: int) -> FaultOfRun:
    return FaultOfRun(folder, "fault", index)


def _lost(folder: RunFolder, index: int) -> Entry | None:
    """Return the entry of what was injected here, if the ledger does not know of it any more."""
    entry = _remembered.get((folder, index))
    return None if entry is None or Ledger(folder.ledger).entry(entry.id) else entry


def _undo_by_name(
    fault: str, folder: RunFolder, index: int, file: str, turn: Turn
) -> dict[str, Any]:
    ledger = Ledger(folder.ledger)
    entry = ledger.open_fault("fault", index, fault) or _lost(folder, index)
    if entry is None:
        return {"undone": "already, or never injected"}
    record = ClusterRecord.read(folder.cluster)
    handle = handle_of(record, entry.id)
    if not record.stands() or handle.is_gone():
        ledger.undone(entry.id)
        return {"undone": "the cluster is gone, and the fault with it"}
    _tell_of_other_commands(entry, record)
    known = read_fault(fault, entry.facts.get("given", {}), file)
    hit = targets_of(entry.facts)
    facts = entry.facts.get("facts") or entry.facts.get("found", {})
    scene = Scene(record, handle, hit, facts=facts, owner=entry.id)
    progress = Progress(folder, fault, index, hit, known.moves_on(record), known.shows_on(record))
    return _Undo(known, scene, entry, progress, ledger).play(turn)


def _tell_of_other_commands(entry: Entry, record: ClusterRecord) -> None:
    """Say so where a fault is undone by other commands than those that came with what injected it."""
    if entry.facts.get("commands", record.commands) != record.commands:
        logging.warning(
            "%s: the commands of cluster %s have changed since it was injected; it is undone by those that "
            "its file has now",
            entry.name,
            record.name,
        )


@dataclass(frozen=True, slots=True)
class _Undo:
    """The undo of one fault."""

    fault: Fault
    scene: Scene
    entry: Entry
    progress: Progress
    ledger: Ledger

    def play(self, turn: Turn) -> dict[str, Any]:
        """Undo it when its turn has come; FaultFailed, also for what was wrong before."""
        why = self._lapse() or self._unfinished() or self._lost()
        # Told first: whatever becomes of the undo, it does not hide this.
        failed = self.progress.fail(why) if why else None
        turn.come()
        begin = now()
        proof, ended = self._prove(begin, turn)
        at = self.progress.say("undone", proof, time=ended)
        self.ledger.undone(self.entry.id)
        with suppress(HandleError):  # who reads there that it is not undone finds nothing to undo
            elsewhere.keep(self.scene.record, self.progress.folder)
        _remembered.pop((self.progress.folder, self.progress.index), None)
        if failed:
            raise failed
        seconds = (at - begin) / SECOND
        return {"targets": [*self.scene.targets], "seconds": seconds, "proof": proof}

    def _prove(self, begin: int, turn: Turn) -> tuple[str, int]:
        """Begin it, wait for the proof, and return that with when it was seen, monotonic ns."""
        why = self._begin()
        turn.begun.set()
        with suppress(OSError):  # a full disk must keep nothing broken
            self.progress.say("undoing", time=begin)

        def look() -> Seen:
            nonlocal why
            if why and (why := self._begin()):
                return missing(f"its undo does not begin: {why}", *self.scene.targets)
            self.fault.retreat(self.scene)
            return self._seen()

        limit_s, handle = self.fault.return_s, self.scene.handle
        proof, shown = undo_proven(look, begin, limit_s, self.progress, handle)
        return proof, shown.ended

    def _begin(self) -> str:
        """Begin to take it back; return why that fails."""
        return attempt(lambda: self.fault.undo(self.scene))

    def _seen(self) -> Seen:
        """Look whether all is as before, as far as other faults that hit the same let it be."""
        if left := self.scene.handle.in_force():
            return missing("; ".join(left), *self.scene.targets)
        seen = self.fault.undone(self.scene)
        if seen.proven or not (others := beside(self.scene, self.ledger)):
            return seen
        names = " and ".join(others)
        return proof(
            f"nothing of it is in force; {names} is, on the same, and shows when all is well"
        )

    def _lapse(self) -> str:
        """Return how it did not last until now."""
        if self.fault.lasts != "lasting":
            return ""
        return attempt(lambda: lasting.end(self.fault, self.scene, self.ledger, self.entry))

    def _unfinished(self) -> str:
        """Return which steps had not been done when their time was over; none was due if that never came."""
        fault = _fault_of(self.progress.folder, self.progress.index)
        until = now() + round(UNFINISHED_S * SECOND)
        while "facts" in self.entry.facts and turns.is_planned(fault):
            why = attempt(lambda: self.fault.unfinished(self.scene))
            if not why or now() >= until:
                return why
            time.sleep(POLL_S)
        return ""

    def _lost(self) -> str:
        if self.ledger.entry(self.entry.id):
            return ""
        return f"{self.ledger.path.name} has lost its entry"
