"""Suite: `suite.json`, what a suite was to play and what came of each drill; written as it goes.

It stands in the suite's folder, `REPORTS/suites/NAME/START/`; the drills' own runs are beside all others.
Whatever is in it at any moment is true if kubedrill is killed then.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import Line, of_schema, read_whole, write_typed
from kubedrill.record.verdict import Judged, Verdict
from kubedrill.suite.read import Suite, WantedDrill

SCHEMA_VERSION = 1
FOLDER = "suites"
"""In the folder of reports."""
KILLED = "kubedrill was killed before"
KILLED_IN_IT = "kubedrill was killed while it was played"

DrillState = Literal["left", "skipped", "begun", "ended", "refused"]
"""`left`: not played; `skipped`: a gate was closed; `begun`: it did not come to its end; `refused`: it could
not be started."""


class DrillRecord(Line):
    """One drill of a suite."""

    name: str
    experiment: str
    clusters: tuple[str, ...]
    state: DrillState = "left"
    why: str = KILLED
    """Why it was not played, or has no verdict; empty if it has one."""
    begun: str = ""
    """When, as names of run folders have it; empty if it did not."""
    run: Annotated[str, Field(pattern=r"^([a-z][a-z0-9_.-]*/[0-9TZ-]+)?$")] = ""
    """Its folder, from that of the reports on; empty if it has none, or nobody knows."""
    verdict: Verdict | None = None
    reasons: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """What came of it, in a word."""
        return self.verdict.value if self.verdict else _WORDS[self.state]


_WORDS = {
    "left": "not played",
    "skipped": "skipped",
    "begun": "killed",
    "ended": "no verdict",
    "refused": "not started",
}


class SuiteRecord(Line):
    """`suite.json`."""

    schema_version: Annotated[int, of_schema(SCHEMA_VERSION)] = SCHEMA_VERSION
    suite: str
    title: str
    why: str
    drills: tuple[DrillRecord, ...]
    """In their order."""
    ended: str = KILLED
    """Why it ended before all were played; empty if they were, or were skipped."""
    finished: bool = False
    """Whether it came to an end of its own: kubedrill was not killed."""

    @classmethod
    def of(cls, suite: Suite) -> "SuiteRecord":
        """Return what is to be played; nothing is yet."""
        return cls(
            suite=suite.name,
            title=suite.title,
            why=suite.why,
            drills=tuple(map(_record_of, suite.drills)),
        )

    def having(self, name: str, **known: object) -> "SuiteRecord":
        """Return it with what is known of one drill."""
        drills = (
            drill.model_copy(update=known) if drill.name == name else drill for drill in self.drills
        )
        return self.model_copy(update={"drills": tuple(drills)})

    def closed(self, why: str = "") -> "SuiteRecord":
        """Return it as it ends, with the reason why what was not played was not; "" if nothing is left."""
        record = self.model_copy(update={"ended": why, "finished": True})
        for drill in self.drills:
            if drill.state == "left":
                record = record.having(drill.name, why=why)
        return record

    def write(self, folder: RunFolder) -> None:
        """Write `suite.json`, whole or not at all."""
        write_typed(suite_file(folder), self)


def _record_of(drill: WantedDrill) -> DrillRecord:
    return DrillRecord(name=drill.name, experiment=drill.file.stem, clusters=tuple(drill.clusters))


def outcome(report: Judged) -> dict[str, object]:
    """Return what a record says of a drill that has its verdict."""
    return {
        "state": "ended",
        "why": "",
        "run": f"{report.experiment}/{report.run}",
        "verdict": report.verdict,
        "reasons": tuple(report.reasons),
    }


def suite_file(folder: RunFolder) -> Path:
    """Return where it stands; a folder that has it is a suite's."""
    return folder.path / "suite.json"


def reports_of(folder: RunFolder) -> Path:
    """Return the folder of reports in which a suite's folder stands."""
    return folder.path.parents[2]


def read_record(folder: RunFolder) -> SuiteRecord:
    """Read it, with the folder of a drill in whose midst kubedrill was killed; BadEvidence if it is wrong."""
    record = read_whole(suite_file(folder), SuiteRecord)
    for drill in record.drills:
        if drill.state == "begun":
            record = record.having(drill.name, run=_left_by(drill, reports_of(folder)))
    return record


def _left_by(drill: DrillRecord, reports: Path) -> str:
    """Return the folder of the first run of an experiment since its drill has begun; "" if there is none."""
    runs = sorted(
        path.name for path in (reports / drill.experiment).glob("2*") if path.name >= drill.begun
    )
    return f"{drill.experiment}/{runs[0]}" if runs else ""
