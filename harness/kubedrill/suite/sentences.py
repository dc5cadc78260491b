"""Suite: what came of it, in plain sentences; one wording for all views."""

from collections import Counter

from kubedrill.record.verdict import Verdict
from kubedrill.suite.verdict import EarlierSuite, SuiteReport
from kubedrill.words import counted


def proved(report: SuiteReport) -> str:
    """Return what the suite came to, in one sentence: `3 drills: 2 PASS, 1 skipped.`"""
    found = Counter(drill.word for drill in report.drills)
    parts = ", ".join(f"{number} {word}" for word, number in found.items())
    if not report.drills:
        return "Nobody knows what was to be played."
    first = "Nothing is proved by the suite as a whole: " if _is_unproved(report) else ""
    return f"{first}{counted(len(report.drills), 'drill')}: {parts}."


def _is_unproved(report: SuiteReport) -> bool:
    return report.verdict is Verdict.INVALID


def trend(report: SuiteReport) -> list[EarlierSuite]:
    """Return the earlier runs, and this one behind them, as a trend shows them."""
    words = {drill.name: drill.word for drill in report.drills}
    return [*report.earlier, EarlierSuite(run=report.run, verdict=report.verdict, drills=words)]
