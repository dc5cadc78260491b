"""Report: the verdict for GitHub Actions: a step's summary in Markdown, and annotations of files."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence
from kubedrill.record.schedule import Schedule
from kubedrill.record.verdict import Judged, Report, Verdict
from kubedrill.report import sentences
from kubedrill.report.table import verdict_cell
from kubedrill.words import printable

MOST = 10
"""Annotations of one kind that GitHub shows of a step; reasons that a summary repeats."""
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#|~$!@:&])")
"""What Markdown, as GitHub has it, may take for markup within a line."""


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """What was asked, and what came of it."""

    phase: str
    text: str
    measured: str
    verdict: Verdict
    reason: str
    line: int | None
    """That of the experiment file; None where it stands in none."""


@dataclass(frozen=True, slots=True)
class StepSummary:
    """What a step tells of a verdict."""

    report: Judged
    proved: str
    rows: tuple[SummaryRow, ...]
    notes: tuple[str, ...] = ()

    def markdown(self) -> str:
        """Return the summary: verdict, why, and a table of all that was asked."""
        head = f"## {verdict_cell(self.report.verdict).text}: {plain(self.report.title)}"
        table = ["| Phase | Objective | Measured | Verdict |", "|---|---|---:|---|"]
        for row in self.rows:
            cells = (row.phase, _with_reason(row), row.measured, verdict_cell(row.verdict).text)
            table.append(f"| {' | '.join(map(plain, cells))} |")
        notes = (plain(f"Note: {note}") for note in self.notes)
        of = plain(f"{self.report.experiment}, run {self.report.run}")
        parts = (head, plain(self.proved), self._reasons(), "\n".join(table), *notes, of)
        return "\n\n".join(filter(None, parts)) + "\n\n"

    def annotations(self, file: str) -> Iterator[str]:
        """Yield a command of the workflow for each reason, on the line of `file` if that is known.

        `file` is relative to the repository; "" where the experiment file is not in it.
        """
        title = f"{self.report.verdict.value}: {self.report.title}"
        for reason in islice(self._own_reasons(), MOST):
            yield _annotation(title, reason, file, None)
        for row in self.rows:
            if row.verdict is not Verdict.PASS:
                words = row.reason or f"measured: {row.measured}"
                title = f"{row.verdict.value} in {row.phase}: {row.text}"
                yield _annotation(title, words, file, row.line)

    def _own_reasons(self) -> Iterator[str]:
        """Yield the reasons that do not stand beside a row anyway."""
        told = [(row.text, row.reason) for row in self.rows if row.reason]
        return sentences.own_reasons(self.report.reasons, told)

    def _reasons(self) -> str:
        own = [*self._own_reasons()]
        left = len(own) - MOST
        more = [f"- and {left} more, in the report"] if left > 0 else []
        return "\n".join([*(f"- {plain(reason)}" for reason in own[:MOST]), *more])


def of_drill(folder: RunFolder, report: Report) -> StepSummary:
    """Return what a step tells of a drill."""
    lines = _lines(folder)
    rows = (
        SummaryRow(
            objective.phase,
            objective.text,
            sentences.measured(objective),
            objective.verdict,
            reason,
            lines.get((objective.phase, objective.text)),
        )
        for objective, reason in sentences.with_reasons(report.objectives)
    )
    return StepSummary(report, sentences.proved(report), tuple(rows), tuple(report.notes))


def _lines(folder: RunFolder) -> Mapping[tuple[str, str], int | None]:
    """Return the line of each objective in the file that the drill was read from."""
    try:
        asked = Schedule.read(folder.schedule).objectives
    except BadEvidence:
        return {}  # the verdict says so
    return {(objective.phase, objective.text): objective.line for objective in asked}


def plain(text: str) -> str:
    """Return a text of which Markdown takes nothing for markup, in one line."""
    return _MARKUP.sub(r"\\\1", printable(" ".join(text.split())))


def _with_reason(row: SummaryRow) -> str:
    return f"{row.text}: {row.reason}" if row.reason else row.text


def _annotation(title: str, words: str, file: str, line: int | None) -> str:
    known = {"file": file, "line": str(line) if file and line else "", "title": title}
    given = ",".join(f"{key}={_property(value)}" for key, value in known.items() if value)
    return f"::error {given}::{_data(words)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
