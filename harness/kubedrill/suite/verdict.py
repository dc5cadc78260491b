"""Suite: the verdict on a suite and all that came of its drills: its `verdict.json`."""

from pydantic import BaseModel, ConfigDict

from kubedrill.record.verdict import Judged, Verdict


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )


class SuiteDrillResult(_Part):
    """What came of one drill of the suite."""

    name: str
    experiment: str
    clusters: list[str]
    run: str
    """Its folder, from that of the reports on; empty if it has none."""
    word: str
    """PASS, FAIL, INVALID; or why it has no verdict: skipped, not played, not started, killed."""
    verdict: Verdict | None
    why: str
    """Why it has none; empty if it has one."""
    reasons: list[str]


class EarlierSuite(_Part):
    """An earlier run of the same suite."""

    run: str
    verdict: Verdict
    drills: dict[str, str]
    """By name, what came of each drill, in a word."""


class SuiteReport(Judged):
    """`verdict.json` of a suite."""

    drills: list[SuiteDrillResult]
    """In the order in which they were to be played."""
    earlier: list[EarlierSuite]
    """The last ones, the oldest first."""
