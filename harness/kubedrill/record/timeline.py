"""What happened during a drill: `timeline.jsonl`, a line an event, written by the runner alone."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubedrill.record.files import read_lines

KINDS = (
    "drill",  # started | interrupted (signal) | aborted (condition) | ended
    "phase",  # begins, as scheduled
    "fault",  # injected | took-effect | undone | failed, from the faults process
    "child",  # a process of the drill exited early (role, status)
    "component",  # a component of the cluster exited or was started, from exits.jsonl
    "note",  # anything a reader should know
)


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `time` in monotonic ns."""

    time: int
    kind: str
    name: str
    details: dict[str, Any] = field(default_factory=dict)


class Timeline:
    """Appends events to a file; each line is on disk (fsync) before `add` returns."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def add(self, event: Event) -> None:
        """Append one event; ValueError for an unknown kind."""
        if event.kind not in KINDS:
            raise ValueError(f"unknown kind of event: {event.kind}")
        line = {"time": event.time, "kind": event.kind, "name": event.name, **event.details}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_timeline(path: Path) -> list[Event]:
    """Return the events in the order of their times."""
    events = [
        Event(line.pop("time"), line.pop("kind"), line.pop("name"), line)
        for line in read_lines(path)
    ]
    return sorted(events, key=lambda event: event.time)
