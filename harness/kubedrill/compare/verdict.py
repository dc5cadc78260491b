"""Compare: the verdict on a comparison and all that was measured for it: its `verdict.json`."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from kubedrill.record.verdict import Judged, ObjectiveResult, Verdict


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )


class ArmResult(_Part):
    """One arm, and what it changed."""

    name: str
    key: str
    value: Any


class PlayResult(_Part):
    """One run of an arm."""

    arm: str
    round: int
    run: str
    """Its folder, from the comparison's on; empty if it was not played."""
    verdict: Verdict
    reasons: list[str]
    objectives: list[ObjectiveResult]
    """The drill's own, which are the same for every arm."""

    @property
    def name(self) -> str:
        """As reports name it: `polling-1`."""
        return f"{self.arm}-{self.round}"


class SideResult(_Part):
    """The figure of one side of a relation in one run."""

    arm: str
    value: float | None
    """In the relation's unit; None if it is not known."""
    at_least: bool
    """Whether the value is only what it is at least."""


class RoundResult(_Part):
    """What came of a relation in one round: each arm was played once in it."""

    round: int
    left: SideResult
    right: SideResult
    ratio: float | None
    """The left side by the right one; None if one is not known or the right one is 0."""
    verdict: Verdict
    reason: str


class RelationResult(_Part):
    """One objective that relates two arms. It holds if it holds in every round."""

    phase: str
    text: str
    words: str
    unit: str
    operator: str
    factor: float
    rounds: list[RoundResult]
    verdict: Verdict
    reason: str


class ComparisonReport(Judged):
    """`verdict.json` of a comparison."""

    arms: list[ArmResult]
    repeat: int
    relations: list[RelationResult]
    plays: list[PlayResult]
    """In the order in which they were played."""
