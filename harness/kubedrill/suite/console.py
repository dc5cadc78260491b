"""Suite: the verdict on the terminal, last thing a suite prints."""

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kubedrill.record.folder import RunFolder
from kubedrill.record.verdict import Verdict
from kubedrill.report.console import STYLES, relative
from kubedrill.suite import sentences
from kubedrill.suite.verdict import SuiteReport

_LAST = 5
"""Runs that the trend shows on a terminal; the report has more."""
_STYLES = {verdict.value: STYLES[verdict] for verdict in Verdict}


def print_verdict(report: SuiteReport, folder: RunFolder, console: Console) -> None:
    """Print the verdict, why, the drills, what came of them earlier, and where the report is."""
    word = Text(report.verdict.value, style=STYLES[report.verdict])
    console.print("", Text.assemble(word, "  ", Text(report.title, style="bold")), sep="\n")
    for line in (sentences.proved(report), *(f"- {reason}" for reason in report.reasons)):
        console.print(Padding(Text(line), (0, 0, 0, len(word) + 2), expand=False))
    if report.drills:
        console.print("", _drills(report), sep="\n")
    if report.earlier:
        console.print("", _trend(report), sep="\n")
    # A path must stay whole to be opened, however long it is.
    console.print(Text.assemble(("Report   ", "dim"), relative(folder.report)), soft_wrap=True)


def _drills(report: SuiteReport) -> Table:
    table = _table("Drill", "Cluster", "Run", "Verdict")
    for drill in report.drills:
        row = (drill.name, ", ".join(drill.clusters), drill.run or "-")
        table.add_row(*map(Text, row), _word(drill.word))
    return table


def _trend(report: SuiteReport) -> Table:
    runs = sentences.trend(report)[-_LAST:]
    table = _table("Trend", *(run.run for run in runs))
    for drill in report.drills:
        words = (run.drills.get(drill.name, "-") for run in runs)
        table.add_row(Text(drill.name), *map(_word, words))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in columns:
        table.add_column(Text(name), overflow="fold")
    return table


def _word(word: str) -> Text:
    return Text(word, style=_STYLES.get(word, ""))
