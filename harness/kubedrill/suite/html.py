"""Suite: `report.html`, one file that opens offline; the drills' own stand in their run folders."""

from pathlib import Path
from typing import Any

from kubedrill.record.files import write_whole
from kubedrill.record.folder import RunFolder
from kubedrill.record.verdict import Verdict
from kubedrill.report import html
from kubedrill.report.table import Cell, Table, table, verdict_cell
from kubedrill.suite import sentences
from kubedrill.suite.verdict import SuiteDrillResult, SuiteReport

_UP = "../../.."
"""From the suite's folder to that of the reports."""
_VERDICTS = {verdict.value: verdict for verdict in Verdict}


def write(folder: RunFolder, report: SuiteReport) -> Path:
    """Write `report.html` of a verdict and return its path."""
    template = html.environment("kubedrill.suite").get_template("suite.html.j2")
    page = template.render(
        report=report,
        verdict=verdict_cell(report.verdict),
        proved=sentences.proved(report),
        drills=[_drill(drill) for drill in report.drills],
        trend=_trend(report),
    )
    write_whole(folder.report, page)
    return folder.report


def _drill(drill: SuiteDrillResult) -> dict[str, Any]:
    """Return one drill: what came of it, why, and where its own report is."""
    return {
        "name": drill.name,
        "experiment": drill.experiment,
        "clusters": ", ".join(drill.clusters),
        "report": f"{_UP}/{drill.run}/report.html" if drill.run else "",
        "run": drill.run,
        "cell": _cell(drill.word),
        "reasons": [*filter(None, [drill.why]), *drill.reasons],
    }


def _cell(word: str) -> Cell:
    return verdict_cell(_VERDICTS[word]) if word in _VERDICTS else Cell(word)


def _trend(report: SuiteReport) -> Table:
    runs = sentences.trend(report)
    rows: list[tuple[str | Cell, ...]] = [
        (drill.name, *(_cell(run.drills.get(drill.name, "-")) for run in runs))
        for drill in report.drills
    ]
    rows += [("the suite", *(verdict_cell(run.verdict) for run in runs))]
    caption = "What came of each drill in the last runs of this suite, this one last"
    columns = ("Drill", *(run.run for run in runs))
    return table(caption, columns, [("", rows)] if report.drills else [])
