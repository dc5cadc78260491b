"""Compare: the verdict for GitHub Actions: a row a relation, as `report.github` shows those of a drill."""

from kubedrill.compare import sentences
from kubedrill.compare.record import read_variants
from kubedrill.compare.verdict import ComparisonReport, RelationResult
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence
from kubedrill.report.github import StepSummary, SummaryRow


def of_comparison(folder: RunFolder, report: ComparisonReport) -> StepSummary:
    """Return what a step tells of a comparison."""
    try:
        asked = read_variants(folder).relations
    except BadEvidence:
        asked = ()  # the verdict says so
    lines = {(relation.phase, relation.text): relation.line for relation in asked}
    rows = (
        SummaryRow(
            relation.phase,
            relation.text,
            _measured(relation),
            relation.verdict,
            relation.reason,
            lines.get((relation.phase, relation.text)),
        )
        for relation in report.relations
    )
    return StepSummary(report, sentences.proved(report), tuple(rows))


def _measured(relation: RelationResult) -> str:
    return "; ".join(sentences.compared(number, relation) for number in relation.rounds)
