"""What a fault did and saw: `faults.jsonl`, a line an event."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from kubedrill.record.lines import Count, Json, TimedLine
from kubedrill.record.target import Target, named

FaultEvent = Literal[
    "injecting",
    "step",
    "injected",
    "took-effect",
    "lapsed",
    "holds-again",
    "undoing",
    "undone",
    "failed",
]
"""`step`: of what takes its targets one after the other, whose turn it is from then on. `lapsed`,
`holds-again`: the effect did not hold, though nobody had undone it, and did again."""

Witness = Literal[
    "exits",
    "killed",
    "silence",
    "unhealthy",
    "leads",
    "starved",
    "held-back",
    "slow",
    "defragmented",
    "compacted",
]
"""What others must have seen of a fault: the processes that it tells of exit, and others are started; the
kernel kills its targets; they answer nobody; members say that they are not well; one of them leads; they get
no more CPU than its `cpus`; the kernel holds them back; they keep their logs late; they count a
defragmentation, or have forgotten."""


NODE = "node"
"""Among what may change because of a fault: which nodes are ready, of those that it does not hit."""


class ToldOfFault(TimedLine):
    """One event of one fault, without the fault's name."""

    index: Count
    """Position of the fault in the schedule."""
    event: FaultEvent
    targets: Annotated[tuple[Target, ...], Field(strict=False)]
    """Whom it hits."""
    proof: str
    facts: dict[str, Json]
    moves: Annotated[tuple[str, ...] | None, Field(strict=False)] = None
    """The kinds of components whose leader may change because of it, and `node` where nodes may be not ready;
    None where nobody said: any leader may."""
    shows: Annotated[tuple[Witness, ...], Field(strict=False)] = ()
    """What others must have seen of it, from its proof to its undo; nothing where nobody said."""

    @model_validator(mode="before")
    @classmethod
    def _as_once_written(cls, said: Any) -> Any:
        """Take the targets as one text, as they were written once."""
        if not isinstance(said, dict) or not isinstance(target := said.get("target"), str):
            return said
        is_activity = "activity" in (said.get("fault"), said.get("name"))
        targets = [target] if is_activity else target.split(", ")
        return {
            **{key: value for key, value in said.items() if key != "target"},
            "targets": targets,
        }

    @property
    def target(self) -> str:
        """Whom it hits, in words."""
        return ", ".join(named(self.targets))


class FaultLine(ToldOfFault):
    """A line of `faults.jsonl`."""

    fault: str
