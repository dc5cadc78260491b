"""Faults: what a fault did and saw, a line each in the run's `faults.jsonl`."""

import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kubedrill.clock import SECOND, now
from kubedrill.record.faults import FaultEvent, FaultLine, Witness
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines
from kubedrill.record.schedule import Schedule
from kubedrill.record.stopping import is_asked
from kubedrill.record.target import Target, named

GRACE = 30 * SECOND
"""What an undo may take on a loaded machine before the watchdog plays it too."""

POLL_S = 0.05
"""How often it is looked whether something has come."""


ENDED = threading.Event()
"""Set when the drill that this process plays is to end."""


def is_ending(folder: RunFolder) -> bool:
    """Whether the drill is to end, as far as is known here: looked at once more right before an injection.

    Since what an injection waits for before, such as an answer about who leads, may take long.
    """
    return ENDED.is_set() or is_asked(folder)


class FaultFailed(Exception):  # noqa: N818 - an event of the drill
    """A fault did not take effect, did not last, or could not be undone; the message says why."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Appends the events of one fault: as in FaultEvent."""

    folder: RunFolder
    fault: str
    index: int
    """Position of the fault in the schedule."""
    hit: tuple[Target, ...] = ()
    """Whom it hits; none before they are chosen."""
    moves: tuple[str, ...] | None = None
    """Whose leader may change because of it; None: nobody knows."""
    shows: tuple[Witness, ...] = ()
    """What others must see of it."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Whom it hits, by name."""
        return named(self.hit)

    def say(
        self,
        event: FaultEvent,
        proof: str = "",
        time: int | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> int:
        """Append one event and return its time (monotonic ns; now, if not given)."""
        at = now() if time is None else time
        lines = JsonLines(self.folder.faults)
        lines.add(
            FaultLine(
                time=at,
                fault=self.fault,
                index=self.index,
                event=event,
                targets=self.hit,
                proof=proof,
                facts=dict(facts or {}),
                moves=self.moves,
                shows=self.shows,
            )
        )
        lines.close()
        return at

    def step(self, targets: Collection[str], time: int | None = None) -> None:
        """Append whose turn it is, of targets that are taken one after the other; nothing for nobody."""
        if hit := tuple(target for target in self.hit if target.name in targets):
            replace(self, hit=hit).say("step", time=time)

    def fail(self, why: str) -> FaultFailed:
        """Append `failed` and return the error to raise, also where the disk is full."""
        with suppress(OSError):
            self.say("failed", why)
        on = f" on {', '.join(self.targets)}" if self.targets else ""
        return FaultFailed(f"{self.fault}{on}: {why}")


def deadline(folder: RunFolder, index: int, undo_s: float = 0.0) -> int | None:
    """Return when a fault has outlived its time, monotonic ns; None if no schedule says.

    That is its undo on the schedule, and what that may take: GRACE, or `undo_s` if it is more.
    """
    over = planned_undo(folder, index)
    return None if over is None else over + max(GRACE, round(undo_s * SECOND))


def planned_undo(folder: RunFolder, index: int) -> int | None:
    """Return when a fault that is injected now is to be undone, monotonic ns; None if no schedule says."""
    if not folder.schedule.exists():
        return None
    fault = Schedule.read(folder.schedule).faults[index]
    if fault.for_s is None:
        return fault.undo
    # One that waited for a state may have begun long before it might have at the latest.
    return min(fault.undo, now() + round(fault.for_s * SECOND))


_called: dict[str, RunFolder] = {}
"""Folders that were made for an experiment while it was played, by what its actions call them."""


def call_folder(run: str, folder: RunFolder) -> None:
    """Let the actions of this process that are given `run` find `folder`."""
    _called[run] = folder


def folder_of(run: str) -> RunFolder:
    """Return the run folder that actions are given as a path, or by what it was called."""
    return _called.get(run) or RunFolder(Path(run).resolve())
