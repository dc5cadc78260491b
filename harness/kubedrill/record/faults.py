"""What a fault did and saw: `faults.jsonl`, a line an event."""

from typing import Literal

from kubedrill.record.lines import Count, Json, TimedLine

FaultEvent = Literal["injecting", "injected", "took-effect", "undoing", "undone", "failed"]


class FaultLine(TimedLine):
    """One event of one fault."""

    fault: str
    index: Count
    """Position of the fault in the schedule."""
    event: FaultEvent
    target: str
    """The components hit, separated by commas."""
    proof: str
    facts: dict[str, Json]
