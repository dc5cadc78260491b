"""Regression: what came of comparing two sets of runs, and all that it is from: what `--json` prints."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION = 1


class Shift(StrEnum):
    """What became of the candidate, beside the baseline."""

    BETTER = "BETTER"
    WORSE = "WORSE"
    SAME = "SAME"
    KNOWN = "KNOWN"
    """Worse, and all that is worse is acknowledged."""
    NOT_ENOUGH = "NOT ENOUGH"
    """The runs leave open what has changed."""
    NOT_COMPARABLE = "NOT COMPARABLE"


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )


class MeasureResult(_Part):
    """One measure of one phase. Values are in `unit`, one of each run."""

    phase: str
    name: str
    unit: str
    lower_is_better: bool
    baseline: list[float | None]
    candidate: list[float | None]
    scale: Literal["ratio", "difference"] | None = None
    """ratio: candidate by baseline, of geometric means; difference: candidate less baseline, of means."""
    baseline_mean: float | None = None
    candidate_mean: float | None = None
    effect: float | None = None
    low: float | None = None
    """The effect's interval, with the report's `confidence`."""
    high: float | None = None
    threshold: float | None = None
    """What is worth speaking of: as a share of the baseline, or a difference."""
    chance: float | None = None
    """How often chance alone makes any of all measures differ so much, 0..1."""
    change: Shift
    reason: str = ""
    acknowledged: str = ""
    """Why a change for the worse is known and wanted; empty if it is not."""

    @property
    def alarms(self) -> bool:
        """Whether it is worse, and nobody has acknowledged that."""
        return self.change is Shift.WORSE and not self.acknowledged


class RunSetResult(_Part):
    """One side."""

    asked: str
    """What was typed."""
    runs: list[str]
    labels: dict[str, list[str]]
    """By key, the values that its runs carry."""


class UnusedRun(_Part):
    """A run that was left out, and why."""

    run: str
    why: str


class RecordedDifference(_Part):
    """What the runs of both sides recorded, and is not the same: of the cluster, the tools, the machine."""

    what: str
    baseline: str
    candidate: str


class RegressionReport(_Part):
    """The answer, and what it is from."""

    schema_version: int = SCHEMA_VERSION
    experiment: str
    change: Shift
    reasons: list[str]
    confidence: float
    baseline: RunSetResult
    candidate: RunSetResult
    unused: list[UnusedRun]
    labels_differ: list[RecordedDifference]
    """What labels say that differs."""
    differs: list[RecordedDifference]
    """What the runs have recorded that differs."""
    notes: list[str]
    measures: list[MeasureResult]

    @property
    def exit_code(self) -> int:
        """0: nothing is worse; 1: something is; 2: that is not known."""
        return {Shift.WORSE: 1, Shift.NOT_ENOUGH: 2, Shift.NOT_COMPARABLE: 2}.get(self.change, 0)


class ChangeResult(_Part):
    """A measure whose level changed in the course of many runs."""

    phase: str
    name: str
    unit: str
    run: str
    """The first of the new level."""
    scale: Literal["ratio", "difference"]
    before: float
    after: float
    """Means of the levels before and after, in `unit`."""
    effect: float
    chance: float
    """How often chance alone makes any of all measures change so, 0..1."""
    change: Shift
    differs: list[RecordedDifference]
    """What that run has recorded otherwise than the one before it."""


class HistoryReport(_Part):
    """Where the measures of an experiment changed."""

    schema_version: int = SCHEMA_VERSION
    asked: str
    runs: list[str]
    """In the order in which they began."""
    confidence: float
    unused: list[UnusedRun]
    too_few: bool
    """Whether there are too few runs for any change to be seen."""
    changes: list[ChangeResult]
