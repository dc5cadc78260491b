"""Suite: from its record, and the verdicts of its drills, to its own; and what came of it earlier."""

from pathlib import Path

from kubedrill.compare import judging as comparisons
from kubedrill.compare.record import variants_file
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence
from kubedrill.record.verdict import Judged, Verdict
from kubedrill.suite import html, junit
from kubedrill.suite.record import (
    KILLED,
    KILLED_IN_IT,
    DrillRecord,
    SuiteRecord,
    outcome,
    read_record,
    reports_of,
)
from kubedrill.suite.verdict import EarlierSuite, SuiteDrillResult, SuiteReport
from kubedrill.words import led_by

WRITERS = (html.write, junit.write)
"""Who writes the reports of a suite."""
SHOWN = 9
"""Earlier runs of a suite that its report shows."""
_TOLD = 2
"""Reasons of one drill that are repeated in the suite's; its own report has them all."""


def judge(folder: RunFolder) -> SuiteReport:
    """Judge a suite, and each drill of it from its files alone; they stand beside it, as when it ran."""
    try:
        record = read_record(folder)
    except BadEvidence as bad:
        return _unfounded(folder, bad.within(folder.path))
    for drill in record.drills:
        if drill.run and drill.state in ("begun", "ended"):
            report = _judged(reports_of(folder) / drill.run)
            known = outcome(report) | {"run": drill.run}
            known |= {"state": drill.state, "why": KILLED_IN_IT} if drill.state == "begun" else {}
            record = record.having(drill.name, **known)
    return report_on(folder, record)


def _judged(path: Path) -> Judged:
    run = RunFolder(path)
    if variants_file(run).exists():
        return comparisons.judge(run)
    return comparisons.judge_run(run)


def report_on(folder: RunFolder, record: SuiteRecord) -> SuiteReport:
    """Return the verdict on a suite whose record has those of its drills."""
    verdict, reasons = decide(record)
    return SuiteReport(
        experiment=record.suite,
        run=folder.run,
        title=record.title,
        why=record.why,
        claim=None,
        verdict=verdict,
        reasons=reasons,
        drills=[_result(drill) for drill in record.drills],
        earlier=earlier(folder),
    )


def decide(record: SuiteRecord) -> tuple[Verdict, list[str]]:
    """Return the verdict and its reasons: the worst of the drills; INVALID if it did not come to its end.

    What was skipped counts for nothing; but a suite of which nothing was played has proved nothing.
    """
    verdicts = [_verdict(drill) for drill in record.drills]
    known = [verdict for verdict in verdicts if verdict is not None]
    reasons = [] if record.finished else [KILLED + " the suite had ended"]
    reasons += [record.ended] if record.finished and record.ended else []
    if not known:
        reasons.append("no drill was played")
    worst = max(known, key=lambda verdict: verdict.exit_code, default=Verdict.INVALID)
    told = [words for drill in record.drills if (words := _words(drill))]
    return (Verdict.INVALID if reasons else worst), [*reasons, *told]


def _verdict(drill: DrillRecord) -> Verdict | None:
    """Return the verdict on a drill; None if it was not to be played, or not any more."""
    if drill.state in ("skipped", "left"):
        return None
    return drill.verdict or Verdict.INVALID


def _words(drill: DrillRecord) -> str:
    """Return why a drill is no PASS; "" if it is."""
    if drill.verdict is Verdict.PASS:
        return ""
    if drill.verdict is None:
        return f"{drill.name} {drill.word}: {drill.why}"
    return f"{drill.name} is {drill.verdict.value}: {led_by(drill.reasons, _TOLD)}"


def _result(drill: DrillRecord) -> SuiteDrillResult:
    return SuiteDrillResult(
        name=drill.name,
        experiment=drill.experiment,
        clusters=list(drill.clusters),
        run=drill.run,
        word=drill.word,
        verdict=drill.verdict,
        why=drill.why,
        reasons=list(drill.reasons),
    )


def earlier(folder: RunFolder) -> list[EarlierSuite]:
    """Return what came of the runs of the same suite before this one, as their records say it."""
    paths = sorted(path for path in folder.path.parent.glob("2*") if path.name < folder.run)
    found = []
    for path in paths[-SHOWN:]:
        try:
            record = read_record(RunFolder(path))
        except BadEvidence:
            continue  # its own report says what is wrong with it
        words = {drill.name: drill.word for drill in record.drills}
        found.append(EarlierSuite(run=path.name, verdict=decide(record)[0], drills=words))
    return found


def _unfounded(folder: RunFolder, why: str) -> SuiteReport:
    """Return the verdict on a suite of which nobody knows what was to be played."""
    return SuiteReport(
        experiment=folder.path.parent.name,
        run=folder.run,
        title="",
        why="",
        claim=None,
        verdict=Verdict.INVALID,
        reasons=[why],
        drills=[],
        earlier=[],
    )
