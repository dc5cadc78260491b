"""Compare: the verdict on the terminal, last thing a comparison prints."""

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kubedrill.compare import sentences
from kubedrill.compare.arms import in_a_line
from kubedrill.compare.verdict import ComparisonReport
from kubedrill.record.folder import RunFolder
from kubedrill.record.verdict import Verdict
from kubedrill.report.console import STYLES, relative


def print_verdict(report: ComparisonReport, folder: RunFolder, console: Console) -> None:
    """Print the verdict, why, the runs, the relations, and where the report is."""
    word = Text(report.verdict.value, style=STYLES[report.verdict])
    console.print("", Text.assemble(word, "  ", Text(report.title, style="bold")), sep="\n")
    lines = [sentences.proved(report), *(f"- {reason}" for reason in report.reasons)]
    for line in lines:
        console.print(Padding(Text(line), (0, 0, 0, len(word) + 2), expand=False))
    if report.plays:
        console.print("", _runs(report), "", _relations(report), sep="\n")
    # A path must stay whole to be opened, however long it is.
    console.print(Text.assemble(("Report   ", "dim"), relative(folder.report)), soft_wrap=True)


def _runs(report: ComparisonReport) -> Table:
    table = _table("Run", sentences.changed(report), "Folder", "Verdict")
    values = {arm.name: in_a_line(arm.value) for arm in report.arms}
    for play in report.plays:
        row = (play.name, values.get(play.arm, ""), play.run or "-")
        table.add_row(*map(Text, row), _verdict(play.verdict))
    return table


def _relations(report: ComparisonReport) -> Table:
    table = _table("Phase", "Relation", "Round", "Left", "Right", "Ratio", "Verdict")
    for relation in report.relations:
        for number in relation.rounds:
            first = number.round == 1
            sides = (sentences.side(side, relation.unit) for side in (number.left, number.right))
            row = (
                *((relation.phase, relation.text) if first else ("", "")),
                *(str(number.round), *sides, sentences.ratio(number)),
            )
            table.add_row(*map(Text, row), _verdict(number.verdict))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in columns:
        numbers = name in {"Left", "Right", "Ratio", "Round"}
        table.add_column(Text(name), justify="right" if numbers else "left", overflow="fold")
    return table


def _verdict(verdict: Verdict) -> Text:
    return Text(verdict.value, style=STYLES[verdict])
