"""What happened during a drill: `timeline.jsonl`, a line an event, written by the runner alone."""

import os
from pathlib import Path
from typing import Annotated, Literal, cast

from pydantic import Field

from kubedrill.reading.units import show
from kubedrill.record.components import Exited, Started
from kubedrill.record.emergency import PlanLine, ToldOfPlan
from kubedrill.record.faults import FaultLine, ToldOfFault
from kubedrill.record.lines import Amount, Count, Json, Line, Time, TimedLine, read_lines
from kubedrill.record.objective import read_comparison


class DrillStarted(TimedLine):
    """The run folder was made."""

    kind: Literal["drill"] = "drill"
    name: Literal["started"] = "started"
    versions: dict[str, str] = Field(default_factory=dict)
    """Of the harness and of what it is made of."""
    host: dict[str, Json] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)
    """What it was told to be of: `kubedrill run --label KEY=VALUE`."""


class DrillEnded(TimedLine):
    """It came to its planned end."""

    kind: Literal["drill"] = "drill"
    name: Literal["ended"] = "ended"


class DrillAborted(TimedLine):
    """An abort condition has held for as long as it says."""

    kind: Literal["drill"] = "drill"
    name: Literal["aborted"] = "aborted"
    condition: str
    sample: Time | None = None
    """When the sample became known with which it had held, monotonic ns; None in runs of earlier versions."""


class DrillInterrupted(TimedLine):
    """A signal came."""

    kind: Literal["drill"] = "drill"
    name: Literal["interrupted"] = "interrupted"
    signal: str
    by: str = ""
    """Who sent it, where that is known: by `kubedrill stop`."""
    why: str = ""

    @property
    def words(self) -> str:
        """Return what happened, and why."""
        return f"stopped by {self.by}: {self.why}" if self.by else f"interrupted by {self.signal}"


class DrillFailed(TimedLine):
    """The runner itself failed."""

    kind: Literal["drill"] = "drill"
    name: Literal["failed"] = "failed"
    reason: str
    error: str
    """The name of the exception."""


class PhaseBegan(TimedLine):
    """As scheduled."""

    kind: Literal["phase"] = "phase"
    name: str


class FaultTold(ToldOfFault):
    """A line of `faults.jsonl`; `name` is the fault."""

    kind: Literal["fault"] = "fault"
    name: str

    @classmethod
    def of(cls, line: FaultLine) -> "FaultTold":
        """Return the event of a line."""
        return cls(name=line.fault, **line.model_dump(exclude={"fault"}))


class PlanTold(ToldOfPlan):
    """A line of `plan.jsonl`; `name` is the step of the emergency plan."""

    kind: Literal["plan"] = "plan"
    name: str

    @classmethod
    def of(cls, line: PlanLine) -> "PlanTold":
        """Return the event of a line."""
        return cls(name=line.step, **line.model_dump(exclude={"step"}))


StateEvent = Literal["awaited", "came", "missed"]


class StateTold(TimedLine):
    """What became of the state in which a fault is to begin; `name` is the fault."""

    kind: Literal["state"] = "state"
    name: str
    index: Count
    """Position of the fault in the schedule."""
    event: StateEvent
    state: str
    """As written: `objects.pods >= 5000`."""
    value: float | None
    """What it was then, or was last, in the base unit of its series; None if nothing was known."""
    sample: Time | None
    """When the sample became known that says so, monotonic ns."""

    @property
    def words(self) -> str:
        """Return what became of it."""
        if self.event == "awaited":
            return f"waits for {self.state}"
        unit = read_comparison(self.state).unit
        was = "nobody knows" if self.value is None else f"it was {show(self.value, unit)}"
        return f"{self.state} {'came' if self.event == 'came' else 'did not come in time'}: {was}"


class ChildEnded(TimedLine):
    """A process of the drill ended early, or badly; `name` is its role."""

    kind: Literal["child"] = "child"
    name: str
    status: int
    """Below 0: the signal that ended it."""
    pid: Count


class ComponentStarted(TimedLine):
    """A component of the cluster was started."""

    kind: Literal["component"] = "component"
    name: str
    event: Literal["started"] = "started"
    pid: Count
    by: str


class ComponentExited(TimedLine):
    """A component of the cluster exited."""

    kind: Literal["component"] = "component"
    name: str
    event: Literal["exited"] = "exited"
    pid: Count
    status: int | None
    """As of `Exited`."""
    asked: bool
    by: str


class Note(TimedLine):
    """Anything that a reader should know, in words."""

    kind: Literal["note"] = "note"
    name: str


class Seeded(TimedLine):
    """The load will find these objects."""

    kind: Literal["seeded"] = "seeded"
    name: Literal["seeded"] = "seeded"
    created: dict[str, Count]
    """How many of each kind."""
    seconds: Amount


class Sweep(Line):
    """What a sweep deleted, and how long that took."""

    namespaces: Count
    objects: Count
    """Those in them that were deleted one by one."""
    seconds: Amount


class Swept(Sweep, TimedLine):
    """What was seeded is gone; `name` says it in words."""

    kind: Literal["swept"] = "swept"
    name: str


class NotUndone(TimedLine):
    """Something that the drill made is still there; `name` says what, and why."""

    kind: Literal["not-undone"] = "not-undone"
    name: str


DrillEvent = DrillStarted | DrillEnded | DrillAborted | DrillInterrupted | DrillFailed
ComponentEvent = ComponentStarted | ComponentExited
Event = (
    DrillEvent
    | PhaseBegan
    | FaultTold
    | StateTold
    | PlanTold
    | ChildEnded
    | ComponentEvent
    | Note
    | Seeded
    | Swept
    | NotUndone
)
"""One event; each has `time` (monotonic ns), `kind` and `name`."""

EVENT = cast(
    "type[Event]",
    Annotated[
        Annotated[DrillEvent, Field(discriminator="name")]
        | PhaseBegan
        | FaultTold
        | StateTold
        | PlanTold
        | ChildEnded
        | Annotated[ComponentEvent, Field(discriminator="event")]
        | Note
        | Seeded
        | Swept
        | NotUndone,
        Field(discriminator="kind"),
    ],
)


def component_event(line: Started | Exited) -> ComponentEvent:
    """Return the event of a line of `exits.jsonl`."""
    told = line.model_dump(exclude={"component"})
    kind = ComponentStarted if isinstance(line, Started) else ComponentExited
    return kind(name=line.component, **told)


class Timeline:
    """Appends events to a file; each line is on disk (fsync) before `add` returns."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def add(self, event: Event) -> None:
        """Append one event."""
        self._file.write(event.model_dump_json().encode() + b"\n")
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_timeline(path: Path, *, may_be_cut: bool = False) -> list[Event]:
    """Return the events in the order of their times; BadEvidence if the file is missing or wrong."""
    events: list[Event] = list(read_lines(path, EVENT, may_be_cut=may_be_cut))
    return sorted(events, key=lambda event: event.time)
