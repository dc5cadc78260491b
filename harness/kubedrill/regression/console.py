"""Regression: the answer on the terminal."""

from collections.abc import Collection, Iterable, Iterator

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kubedrill.regression import sentences
from kubedrill.regression.change_points import SHORTEST
from kubedrill.regression.verdict import (
    ChangeResult,
    HistoryReport,
    MeasureResult,
    RegressionReport,
    Shift,
)
from kubedrill.report import figures
from kubedrill.words import counted

_STYLES = {
    Shift.BETTER: "bold green",
    Shift.WORSE: "bold red",
    Shift.SAME: "bold green",
    Shift.KNOWN: "bold green",
    Shift.NOT_ENOUGH: "bold yellow",
    Shift.NOT_COMPARABLE: "bold yellow",
}


def print_answer(report: RegressionReport, console: Console) -> None:
    """Print the answer, why, what differs, and each measure."""
    word = Text(report.change.value, style=_STYLES[report.change])
    console.print(Text.assemble(word, "  ", Text(sentences.headline(report), style="bold")))
    indent = (0, 0, 0, len(report.change.value) + 2)
    for line in _lines(report):
        console.print(Padding(line, indent, expand=False))
    if report.measures:
        console.print("", _measures(report), sep="\n")


def _lines(report: RegressionReport) -> Iterator[Text]:
    yield from (Text(f"- {reason}") for reason in report.reasons)
    yield from (Text(f"- {line}") for line in sentences.open_lines(report))
    for told in report.labels_differ:
        yield Text(f"Label {told.what}: {told.candidate} against {told.baseline}")
    for told in report.differs:
        yield Text(f"Differs: {told.what}: {told.candidate} against {told.baseline}")
    yield from (Text(f"Left out: {run.run}: {run.why}", style="dim") for run in report.unused)
    yield from (Text(f"Note: {note}", style="dim") for note in report.notes)


def _measures(report: RegressionReport) -> Table:
    level = f"{100 * report.confidence:.3g} % interval"
    names = ("Phase", "Measure", "Baseline", "Candidate", "Effect", level, "Threshold", "")
    table = _table(names, ("Phase", "Measure", ""), padding=1)
    before = ""
    for result in report.measures:
        table.add_row(*map(Text, _cells(result, result.phase == before)), _change(result))
        before = result.phase
    return table


def _table(names: Iterable[str], words: Collection[str], padding: int = 2) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, padding, 0, 0), header_style="dim")
    for name in names:
        table.add_column(name, justify="left" if name in words else "right", overflow="fold")
    return table


def _cells(result: MeasureResult, again: bool) -> tuple[str, ...]:
    return (
        "" if again else result.phase,
        result.name,
        sentences.mean(result, of_candidate=False),
        sentences.mean(result, of_candidate=True),
        sentences.effect(result),
        sentences.interval(result),
        sentences.threshold(result),
    )


def _change(result: MeasureResult) -> Text:
    known = "known" if result.acknowledged else ""
    return Text.assemble((result.change.value, _STYLES[result.change]), f" {known}".rstrip())


def print_history(report: HistoryReport, console: Console) -> None:
    """Print where measures changed, and what was recorded otherwise from then on."""
    runs = counted(len(report.runs), "run")
    if report.too_few:
        words = f"too few for a change to be seen: {2 * SHORTEST} are needed at least"
    else:
        words = f"{counted(len(report.changes), 'change')} of level"
    console.print(Text(f"{report.asked}: {runs}, {words}", style="bold"))
    for unused in report.unused:
        console.print(Text(f"Left out: {unused.run}: {unused.why}", style="dim"))
    if report.changes:
        console.print("", _changes(report), sep="\n")


def _changes(report: HistoryReport) -> Table:
    names = ("From run", "Phase", "Measure", "Before", "After", "Effect", "")
    table = _table(names, ("From run", "Phase", "Measure", ""))
    for result in report.changes:
        levels = (figures.figure(value, result.unit) for value in (result.before, result.after))
        row = (result.run, result.phase, result.name, *levels, sentences.effect(result))
        table.add_row(*map(Text, row), _recorded(result))
    return table


def _recorded(result: ChangeResult) -> Text:
    text = Text(result.change.value, style=_STYLES[result.change])
    for told in result.differs:
        text.append(f"\n{told.what}: {told.candidate} after {told.baseline}", style="dim")
    return text
