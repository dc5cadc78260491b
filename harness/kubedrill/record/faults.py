"""What a fault did and saw: `faults.jsonl`, a line an event."""

from typing import Literal

from kubedrill.record.lines import Count, Json, Line, Time

FaultEvent = Literal["injecting", "injected", "took-effect", "undoing", "undone", "failed"]


class FaultLine(Line):
    """One event of one fault."""

    time: Time
    fault: str
    index: Count
    """Position of the fault in the schedule."""
    event: FaultEvent
    target: str
    """The components hit, separated by commas."""
    proof: str
    facts: dict[str, Json]
