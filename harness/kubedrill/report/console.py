"""Report: the verdict on the terminal, last thing a drill prints."""

from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kubedrill.record.folder import RunFolder
from kubedrill.record.verdict import ObjectiveResult, Report, Verdict
from kubedrill.report import planned, sentences
from kubedrill.report.found import collateral_line, violation_line

STYLES = {Verdict.PASS: "bold green", Verdict.FAIL: "bold red", Verdict.INVALID: "bold yellow"}

_SHOWN_REASONS = 8
"""More would push the verdict itself off the screen; report.html has them all."""


def print_verdict(report: Report, folder: RunFolder, console: Console) -> None:
    """Print the verdict, why, the objectives, a summary, and where the report is."""
    console.print(verdict_table(report))
    # A path must stay whole to be opened, however long it is.
    console.print(Text.assemble(("Report   ", "dim"), relative(folder.report)), soft_wrap=True)


def verdict_table(report: Report) -> RenderableType:
    """Return verdict, objectives and summary as one renderable for 80 columns, colour or not."""
    tables = (_objectives(report), _summary(report))
    whole = (part for table in tables if table.row_count for part in ("", table))
    return Group("", _headline(report), *whole)


def _headline(report: Report) -> RenderableType:
    word = Text(report.verdict.value, style=STYLES[report.verdict])
    lines = [Text.assemble(word, "  ", Text(report.title, style="bold"))]
    body = [Text(sentences.proved(report))]
    body += [Text(f"- {reason}") for reason in _own_reasons(report)]
    body += [Text(f"Note: {note}", style="dim") for note in report.notes]
    indent = (0, 0, 0, len(report.verdict.value) + 2)
    return Group(*lines, *(Padding(line, indent, expand=False) for line in body))


def _own_reasons(report: Report) -> list[str]:
    """Return the reasons that do not stand beside their objective in the table anyway."""
    told = [
        (objective.text, objective.reason) for objective in report.objectives if objective.reason
    ]
    own = [
        reason
        for reason in report.reasons
        if not any(text in reason and why in reason for text, why in told)
    ]
    left = len(own) - _SHOWN_REASONS
    return [*own[:_SHOWN_REASONS], *([f"and {left} more, in the report"] if left > 0 else [])]


def _objectives(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("Phase", no_wrap=True)
    table.add_column("Objective", overflow="fold")
    table.add_column("Measured", justify="right", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    before = ""
    for objective, reason in sentences.with_reasons(report.objectives):
        verdict = Text(objective.verdict.value, style=STYLES[objective.verdict])
        phase = objective.phase if objective.phase != before else ""
        text = _objective(objective, reason)
        table.add_row(Text(phase), text, Text(sentences.measured(objective)), verdict)
        before = objective.phase
    return table


def _objective(objective: ObjectiveResult, reason: str) -> Text:
    text = Text(objective.text)
    if objective.verdict is not Verdict.PASS and reason:
        text.append(f"\n  {reason}", style=STYLES[objective.verdict].removeprefix("bold "))
    return text


def _summary(report: Report) -> Table:
    rows: list[tuple[str, str]] = [
        ("Probes", line) for line in sentences.availability_lines(report)
    ]
    rows += [("Load", line) for line in sentences.load_lines(report)]
    rows += [("Nodes", line) for line in sentences.bound_lines(report)]
    rows += [("Fault", sentences.fault_line(fault)) for fault in report.faults]
    rows += [("Plan", line) for line in planned.lines(report)]
    for name, line in (
        ("Labels", sentences.labels(report)),
        ("Audit", violation_line(report)),
        ("Besides", collateral_line(report)),
        ("Harness", sentences.harness_line(report)),
        ("Machine", sentences.headroom_line(report)),
    ):
        rows += [(name, line)] if line else []
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True, min_width=len("Harness"))
    table.add_column(overflow="fold")
    for name, line in rows:
        table.add_row(name, Text(line))
    return table


def relative(path: Path) -> str:
    """Return a path as one would type it here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, FileNotFoundError):  # it stands elsewhere, or the working directory is gone
        return str(path)
