"""History: a run of the past: what its verdict says, and whether that may be believed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from kubedrill.clock import SECOND
from kubedrill.record.lines import BadEvidence, read_whole
from kubedrill.record.verdict import SCHEMA_VERSION, Verdict


class _Past(BaseModel):
    """What is read of a `verdict.json`, also of another version's: keys that are not known say nothing."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)


class PastPhase(_Past):
    """A phase, in monotonic ns."""

    name: str
    start: int
    end: int
    date: str

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return (self.end - self.start) / SECOND


class PastObjective(_Past):
    """An objective and what was measured, in base units; no value where nobody knows any."""

    phase: str
    text: str
    value: float | None
    at_least: bool = False
    unit: str
    threshold: float
    operator: str
    verdict: Verdict

    @property
    def name(self) -> str:
        """What it asks about, whatever it asks: `list.p99`."""
        return self.text.partition(f" {self.operator} ")[0].removeprefix("eventually(")


class PastAvailability(_Past):
    """What is told of one series of probes in a phase, under one definition."""

    phase: str
    path: str
    connection: str
    verb: str
    level: str
    definition: str
    value: float | None


class PastDowntime(_Past):
    """The downtime of a phase, under one definition."""

    phase: str
    definition: str
    unavailable_s: float


class PastSettings(_Past):
    """Of what, and on what, the drill was played."""

    versions: dict[str, str] = {}
    cluster: dict[str, Any] = {}


class PastVerdict(_Past):
    """A drill's `verdict.json`, or a comparison's."""

    schema_version: int
    experiment: str
    run: str
    title: str
    verdict: Verdict
    manifest: str = ""
    labels: dict[str, str] = {}
    reasons: list[str]
    phases: list[PastPhase] = []
    objectives: list[PastObjective] = []
    availability: list[PastAvailability] = []
    budget: list[PastDowntime] = []
    settings: PastSettings = PastSettings()

    @classmethod
    def read(cls, path: Path) -> "PastVerdict":
        """Read `verdict.json`; BadEvidence if it is none."""
        if path.exists() and not path.is_file():
            raise BadEvidence(path, None, "is no file")
        found = read_whole(path, cls)
        if found.schema_version > SCHEMA_VERSION:
            raise BadEvidence(
                path, None, f"is of schema {found.schema_version}, a newer kubedrill's"
            )
        return found

    @property
    def all_held(self) -> bool:
        """Whether nothing in it speaks against a PASS."""
        return not self.reasons and all(
            objective.verdict is Verdict.PASS for objective in self.objectives
        )


class Standing(StrEnum):
    """What a run counts as: its verdict, where that is of the evidence which stands beside it."""

    PASS = "PASS"  # noqa: S105 - not a password
    FAIL = "FAIL"
    INVALID = "INVALID"
    STALE = "STALE"
    """It has a verdict, which is not of this evidence."""
    UNJUDGED = "UNJUDGED"
    """It has none that can be read."""

    @property
    def trusted(self) -> bool:
        """Whether what was measured may be used."""
        return self in {Standing.PASS, Standing.FAIL}


@dataclass(frozen=True, slots=True)
class PastRun:
    """A drill that was played, or a comparison of several."""

    path: str
    """Its folder, from the reports folder on."""
    experiment: str
    """By the verdict, else by the folder: `lists`, of an arm `lists.cached`."""
    start: datetime
    """In UTC."""
    standing: Standing
    why: str
    """Why it is no PASS, in words."""
    verdict: PastVerdict | None
    """None where it has none that can be read."""
    page: bool
    """Whether it has a report.html."""

    @property
    def labels(self) -> dict[str, str]:
        """What it was labelled with when it was played."""
        return self.verdict.labels if self.verdict else {}

    @property
    def cluster(self) -> str:
        """The name of its cluster; empty where nobody says."""
        return str(self.verdict.settings.cluster.get("name", "")) if self.verdict else ""

    def version(self, of: str) -> str:
        """Return the version of something that took part; empty where nobody says."""
        return self.verdict.settings.versions.get(of, "") if self.verdict else ""

    @property
    def objectives(self) -> list[PastObjective]:
        """What was asked and measured; none where that is not of this evidence."""
        known = self.verdict if self.standing is not Standing.STALE else None
        return known.objectives if known else []

    @property
    def held(self) -> str:
        """How many of the objectives held: `24 of 26`; empty without any."""
        held = sum(objective.verdict is Verdict.PASS for objective in self.objectives)
        return f"{held} of {len(self.objectives)}" if self.objectives else ""
