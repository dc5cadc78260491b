"""Faults: whether an effect lasts, from its proof to its undo: looked at all the time, and told."""

import threading
from contextlib import suppress
from dataclasses import dataclass, field

from kubedrill.clock import SECOND, now
from kubedrill.cluster.handle import HandleError
from kubedrill.faults.fault import Fault, Lapse, Scene
from kubedrill.faults.progress import Progress
from kubedrill.record.ledger import Entry, Ledger

LOOK_S = 0.2
"""How often it is looked at; the supervisor's own times tell of what came and went in between."""


@dataclass(slots=True)
class _Watch:
    """Looks at one fault's effect in a thread of its own, as long as this process lives."""

    fault: Fault
    scene: Scene
    progress: Progress
    ledger: Ledger
    entry: str
    ended: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def start(self) -> None:
        self.thread = threading.Thread(
            target=self._look, name=f"watch {self.fault.name}", daemon=True
        )
        self.thread.start()

    def stop(self) -> None:
        self.ended.set()
        assert self.thread is not None
        self.thread.join()

    def _look(self) -> None:
        with suppress(
            HandleError, OSError
        ):  # a cluster that is gone, a full disk: the undo tells of it
            told = off = False
            while not self.ended.wait(LOOK_S):
                self.fault.advance(self.scene)
                seen = self.fault.lapse(self.scene)
                if seen and not told and _is_ending(self.ledger, self.entry):
                    return
                was_off, off = off, seen is not None and not seen.over
                if seen and (off > was_off or not told):
                    told = self._tell_lapse(seen)
                    was_off = True
                if was_off > off:
                    self.progress.say("holds-again")
                    self.ledger.learn(self.entry, held_again=now())

    def _tell_lapse(self, lapse: Lapse) -> bool:
        self.progress.say("lapsed", lapse.words)
        self.ledger.learn(self.entry, lapsed=[lapse.words, now()])
        return True


_watches: dict[str, _Watch] = {}
"""By the ledger's id of the fault: those that this process injected."""


def begin(fault: Fault, scene: Scene, progress: Progress, entry: str) -> None:
    """Look from now on whether the effect lasts."""
    _watches[entry] = _Watch(fault, scene, progress, Ledger(progress.folder.ledger), entry)
    _watches[entry].start()


def end(fault: Fault, scene: Scene, ledger: Ledger, entry: Entry) -> str:
    """Look no longer, since the effect will be undone; return how it did not last until now, or ""."""
    if watch := _watches.pop(entry.id, None):
        watch.stop()
    if "facts" not in entry.facts:
        return ""  # it was never injected
    known = _found(ledger, entry.id)
    known_of = {"ending", "lapsed"} & set(known.facts)
    lapse = None if known_of else fault.lapse(scene)
    found = [lapse.words, now()] if lapse else known.facts.get("lapsed")
    with suppress(OSError):  # a full disk must keep nothing broken
        ledger.learn(entry.id, **({"lapsed": found} if lapse else {}), ending=now())
    return _in_words(fault, known, *found) if found else ""


def _in_words(fault: Fault, entry: Entry, words: str, since: int) -> str:
    begun = (since - entry.time) / SECOND
    again = entry.facts.get("held_again")
    until = f", until {(again - entry.time) / SECOND:.1f} s after it" if again else ""
    return f"{words} {begun:.1f} s after the {fault.verb}{until}: it did not last"


def _is_ending(ledger: Ledger, entry: str) -> bool:
    """Whether somebody else undoes the fault: the watchdog, heal."""
    found = _found(ledger, entry)
    return found.undone or "ending" in found.facts


def _found(ledger: Ledger, entry: str) -> Entry:
    return next(known for known in ledger.entries() if known.id == entry)
