"""Compare: what a comparison showed, in plain sentences; one wording for all views."""

from kubedrill.compare.verdict import ComparisonReport, RelationResult, RoundResult, SideResult
from kubedrill.record.verdict import Verdict
from kubedrill.report import figures
from kubedrill.report.sentences import AT_LEAST
from kubedrill.words import counted


def proved(report: ComparisonReport) -> str:
    """Return what the comparison proved, in one sentence."""
    total = len(report.relations)
    if report.verdict is Verdict.INVALID:
        return "Nothing is proved: the comparison cannot be trusted."
    rounds = "in the one round" if report.repeat == 1 else f"in all {report.repeat} rounds"
    missed = sum(relation.verdict is Verdict.FAIL for relation in report.relations)
    if missed:
        return f"{missed} of {counted(total, 'relation')} did not hold {rounds}."
    held = f"{'All' if total > 1 else 'The'} {counted(total, 'relation')} held {rounds}"
    if report.verdict is Verdict.FAIL:
        failed = sum(play.verdict is Verdict.FAIL for play in report.plays)
        return f"{held}, but {failed} of {counted(len(report.plays), 'run')} failed."
    return f"{held}."


def side(result: SideResult, unit: str) -> str:
    """Return the figure of one side: `3.91 cores`, `>= 1.2 s`, `-` if it is not known."""
    value = figures.figure(result.value, unit)
    return f"{AT_LEAST}{value}" if result.at_least else value


def compared(number: RoundResult, relation: RelationResult) -> str:
    """Return both figures of a round: `1.21 cores against 3.91 cores`."""
    return f"{side(number.left, relation.unit)} against {side(number.right, relation.unit)}"


def ratio(number: RoundResult) -> str:
    """Return how many times the right side the left one is: `0.31`."""
    return figures.NOTHING if number.ratio is None else f"{number.ratio:.3g}"


def changed(report: ComparisonReport) -> str:
    """Return the key that the arms give values of their own."""
    return ", ".join(dict.fromkeys(arm.key for arm in report.arms))
