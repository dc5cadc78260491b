"""Judge: the auditor's file of a run, what is proven by it to be wrong, and where it proves nothing."""

from dataclasses import dataclass

from kubedrill.clock import SECOND
from kubedrill.judge.consistency import Checked, check
from kubedrill.judge.ending import Ending
from kubedrill.judge.found import Found, found
from kubedrill.judge.silence import longest_gap
from kubedrill.record.audit import AnyAuditLine, Listed, Looked, Told, Watching, Wrote, read_audit
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Phase, Schedule, allowed_hole
from kubedrill.record.verdict import Violation


@dataclass(frozen=True, slots=True)
class Audit:
    """What the auditor left of a run."""

    lines: Found[AnyAuditLine]
    checked: Checked

    @classmethod
    def read(cls, folder: RunFolder, ending: Ending) -> "Audit":
        """Read and check `audit.jsonl`; one that is missing or wrong says nothing, and why."""
        lines = found(folder, lambda: read_audit(folder.audit, may_be_cut=ending.killed))
        return cls(lines, check(lines.lines))

    def violations(self, schedule: Schedule, phase: Phase) -> list[Violation]:
        """Return those of a phase; what showed before the first or after the last is theirs."""
        return [
            violation
            for violation in self.checked.violations
            if phase.holds(schedule.nearest(violation.time))
        ]

    def doubt(self, phase: Phase) -> str:
        """Return why nothing is proven of a phase; empty if it is."""
        if self.lines.doubt:
            return self.lines.doubt
        within = [line for line in self.lines.lines if phase.holds(line.time)]
        longest = longest_gap((line.time for line in within), phase)
        if longest > allowed_hole(1.0):
            seconds = f"{longest / SECOND:.1f} s"
            return f"audit.jsonl has a hole of {seconds}; the auditor was not watching"
        if missing := _missing(within):
            return f"the auditor had no {missing} in this phase"
        open_ends = [write for write in self.checked.unproven if phase.holds(write.time)]
        if open_ends:
            return (
                f"{len(open_ends)} acknowledged writes were never looked for again; the first is "
                f"version {open_ends[0].version} of {open_ends[0].key}"
            )
        return ""

    def requests(self, phase: Phase) -> int:
        """Return how many requests the auditor made in a phase."""
        asking = (Wrote, Looked, Listed, Watching)
        within = (line for line in self.lines.lines if phase.holds(line.time))
        return sum(isinstance(line, asking) for line in within)

    def notes(self) -> list[str]:
        """Return what a reader should know, though it makes nothing INVALID: watches that began anew."""
        listed = [line.client for line in self.lines.lines if isinstance(line, Listed)]
        again = {client: listed.count(client) - 1 for client in dict.fromkeys(listed)}
        return [
            f"auditor: {client}'s watch began anew {times} times, with a list; what was written between "
            "is proven by the others"
            for client, times in again.items()
            if times
        ]


def _missing(lines: list[AnyAuditLine]) -> str:
    """Return what there must be some of, and is not: where nothing was asked, nothing is proven."""
    needed = {
        "acknowledged write": any(isinstance(line, Wrote) and line.happened for line in lines),
        "quorum read": any(
            isinstance(line, Looked) and line.version and not line.cached for line in lines
        ),
        "event of a watch": any(isinstance(line, Told) for line in lines),
    }
    return next((what for what, there in needed.items() if not there), "")
