"""Judge: how a drill ended, and when."""

from dataclasses import dataclass, replace
from typing import Literal

from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import read_sound_lines
from kubedrill.record.timeline import (
    EVENT,
    DrillAborted,
    DrillEnded,
    DrillFailed,
    DrillInterrupted,
    Event,
    read_timeline,
)


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a drill; `words` say why, where it was not the planned one."""

    time: int
    """Monotonic ns; the last event, where none says that the drill ended."""
    how: Literal["ended", "aborted", "interrupted", "failed"]
    words: str
    condition: str = ""
    """The abort condition that held, if one did."""
    sample: int | None = None
    """When the sample became known with which it had held, monotonic ns; None where that was not noted."""
    killed: bool = False
    """Whether nobody came to close the evidence: then the last record of a file may be cut off."""


def read_ending(folder: RunFolder) -> tuple[list[Event], Ending]:
    """Return the events of a drill and how it ended; a timeline without an end was cut off."""
    killed = not folder.manifest.exists()
    events = read_timeline(folder.timeline, may_be_cut=killed)
    end = _ending(events)
    return events, replace(end, killed=killed)


def why_early(folder: RunFolder) -> list[str]:
    """Return in words why a drill did not come to its planned end, as far as its timeline can be read.

    For a verdict about evidence that is wrong elsewhere; empty if the end was the planned one.
    """
    if folder.timeline.is_symlink() or not folder.timeline.is_file():
        return []
    try:
        events = sorted(read_sound_lines(folder.timeline, EVENT), key=lambda event: event.time)
    except OSError:
        return []  # that it cannot be read is said by whoever needs it
    return [*filter(None, [_ending(events).words])]


def _ending(events: list[Event]) -> Ending:
    for event in reversed(events):
        match event:
            case DrillEnded(time=time):
                return Ending(time, "ended", "")
            case DrillAborted(time=time, condition=condition, sample=sample):
                return Ending(time, "aborted", f"aborted: {condition}", condition, sample)
            case DrillInterrupted(time=time):
                return Ending(time, "interrupted", event.words)
            case DrillFailed(time=time, reason=reason):
                words = f"the drill failed: {reason} (see logs/runner.log)"
                return Ending(time, "failed", words)
    last = events[-1].time if events else 0
    words = "interrupted: the timeline has no end; kubedrill was killed, or still runs"
    return Ending(last, "interrupted", words)
