"""Judge: how a drill ended, and when."""

from dataclasses import dataclass
from typing import Literal

from kubedrill.record.folder import RunFolder
from kubedrill.record.timeline import Event, read_timeline


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a drill; `words` say why, where it was not the planned one."""

    time: int
    """Monotonic ns; the last event, where none says that the drill ended."""
    how: Literal["ended", "aborted", "interrupted", "failed"]
    words: str
    condition: str = ""
    """The abort condition that held, if one did."""


def read_ending(folder: RunFolder) -> tuple[list[Event], Ending]:
    """Return the events of a drill and how it ended; a timeline without an end was cut off."""
    events = read_timeline(folder.timeline) if folder.timeline.exists() else []
    for event in reversed(events):
        match event.kind, event.name:
            case "drill", "ended":
                return events, Ending(event.time, "ended", "")
            case "drill", "aborted":
                condition = event.details["condition"]
                return events, Ending(event.time, "aborted", f"aborted: {condition}", condition)
            case "drill", "interrupted":
                words = f"interrupted by {event.details['signal']}"
                return events, Ending(event.time, "interrupted", words)
            case "drill", "failed":
                words = f"the drill failed: {event.details['reason']} (see logs/runner.log)"
                return events, Ending(event.time, "failed", words)
    last = events[-1].time if events else 0
    words = "interrupted: the timeline has no end; kubedrill was killed, or still runs"
    return events, Ending(last, "interrupted", words)
