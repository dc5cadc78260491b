"""Faults: whether an effect lasts, from its proof to its undo: looked at all the time, and told."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from kubedrill.clock import SECOND, now
from kubedrill.cluster.handle import HandleError
from kubedrill.faults.fault import Fault, Lapse, Scene
from kubedrill.faults.progress import Progress
from kubedrill.record.ledger import Entry, Ledger
from kubedrill.words import in_a_line

UNSEEN_S = 10.0
"""For how long a cluster may not answer. A call of its handle takes 5 s at most."""


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
    seen: int = 0
    """When it was looked at last, monotonic ns."""

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
        with suppress(OSError):  # a full disk: the undo tells of it
            told = off = False
            self.seen = now()
            while not self.ended.wait(self.fault.look_s):
                lapse = self._lapse()
                if lapse and not told and _is_ending(self.ledger, self.entry):
                    return
                was_off, off = off, lapse is not None and not lapse.over
                if lapse and (off > was_off or not told):
                    told = self._tell_lapse(lapse)
                    was_off = True
                if was_off > off:
                    self.progress.say("holds-again")
                    self.ledger.learn(self.entry, {"held_again": now()})

    def _lapse(self) -> Lapse | None:
        """Return how it does not last; nobody knows that it does where nobody could look for long."""
        try:
            lapse = _look_at(self.fault, self.scene, self._step)
        except HandleError as error:
            unseen_s = (now() - self.seen) / SECOND
            words = f"nobody could look for {unseen_s:.0f} s ({error})"
            return Lapse(words) if unseen_s > UNSEEN_S else None
        self.seen = now()
        return lapse

    def _step(self) -> None:
        """Do the next step, and tell whom it hits: since before, for what exits does so at once."""
        begun = now()
        if hit := self.fault.advance(self.scene):
            self.progress.step(hit, begun)

    def _tell_lapse(self, lapse: Lapse) -> bool:
        self.progress.say("lapsed", lapse.words)
        self.ledger.learn(self.entry, {"lapsed": [lapse.words, now()]})
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
    known = ledger.entry(entry.id) or entry
    known_of = {"ending", "lapsed"} & set(known.facts)
    lapse = None if known_of else _last_look(fault, scene)
    found = [lapse.words, now()] if lapse else known.facts.get("lapsed")
    with suppress(OSError):  # a full disk must keep nothing broken
        ledger.learn(entry.id, {**({"lapsed": found} if lapse else {}), "ending": now()})
    return _in_words(fault, known, *found) if found else ""


def _last_look(fault: Fault, scene: Scene) -> Lapse | None:
    """Return how it does not last; whatever comes of looking keeps nothing from being undone."""
    try:
        return _look_at(fault, scene)
    except HandleError as error:
        return Lapse(f"nobody could look when it was undone ({error})")


def _look_at(fault: Fault, scene: Scene, step: Callable[[], None] | None = None) -> Lapse | None:
    """Return how it does not last, after its next `step`; HandleError as of the cluster."""
    try:
        if step:
            step()
        return fault.lapse(scene)
    except HandleError:
        raise
    except Exception as error:  # noqa: BLE001 - a fault may be somebody else's code
        return Lapse(f"nobody knows whether it lasted ({in_a_line(error)})")


def _in_words(fault: Fault, entry: Entry, words: str, since: int) -> str:
    begun = (since - entry.time) / SECOND
    again = entry.facts.get("held_again")
    until = f", until {(again - entry.time) / SECOND:.1f} s after it" if again else ""
    return f"{words} {begun:.1f} s after the {fault.verb}{until}: it did not last"


def _is_ending(ledger: Ledger, entry: str) -> bool:
    """Whether somebody else undoes the fault: the watchdog, heal."""
    found = ledger.entry(entry)
    return found is not None and (found.undone or "ending" in found.facts)
