"""Compare: `report.html` of a comparison, one file that opens offline; the runs' own stand beside it."""

from pathlib import Path
from typing import Any

from kubedrill.compare import sentences, tables
from kubedrill.compare.arms import in_a_line
from kubedrill.compare.verdict import ComparisonReport, PlayResult, RelationResult
from kubedrill.record.files import write_whole
from kubedrill.record.folder import RunFolder
from kubedrill.report import html
from kubedrill.report.table import verdict_cell


def write(folder: RunFolder, report: ComparisonReport) -> Path:
    """Write `report.html` of a verdict and return its path."""
    template = html.environment("kubedrill.compare").get_template("comparison.html.j2")
    page = template.render(
        report=report,
        verdict=verdict_cell(report.verdict),
        proved=sentences.proved(report),
        facts=_facts(report),
        relations=tables.relations(report),
        bars=[_bars(relation) for relation in report.relations],
        side_by_side=tables.side_by_side(report),
        runs=[_run(play, report) for play in report.plays],
        changed=sentences.changed(report),
        experiment=_text(folder.experiment_yaml),
    )
    write_whole(folder.report, page)
    return folder.report


def _facts(report: ComparisonReport) -> dict[str, str]:
    facts = {"Experiment": report.experiment, "Run": report.run}
    if report.claim is not None:
        facts["Claim"] = f"row {report.claim} of the catalogue"
    if report.plays:
        facts["What differs"] = sentences.changed(report)
        facts["Order"] = ", ".join(play.name for play in report.plays)
    return facts


def _run(play: PlayResult, report: ComparisonReport) -> dict[str, Any]:
    """Return one run: its name, what was changed in it, its verdict, and where its own report is."""
    values = {arm.name: in_a_line(arm.value) for arm in report.arms}
    return {
        "name": play.name,
        "value": values.get(play.arm, ""),
        "report": f"{play.run}/report.html" if play.run else "",
        "verdict": verdict_cell(play.verdict),
        "reasons": play.reasons,
    }


def _bars(relation: RelationResult) -> dict[str, Any]:
    """Return a relation as bars, one for each side in each round, the longest being 100 % long."""
    sides = [side for number in relation.rounds for side in (number.left, number.right)]
    longest = max((side.value for side in sides if side.value is not None), default=0.0)
    return {
        "text": relation.text,
        "phase": relation.phase,
        "rows": [
            {
                "name": f"{side.arm}-{number.round}",
                "left": side is number.left,
                "percent": 100 * side.value / longest if side.value and longest else 0.0,
                "figure": sentences.side(side, relation.unit),
            }
            for number in relation.rounds
            for side in (number.left, number.right)
        ],
    }


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
