"""History: runs as rows: for a terminal, as JSON, as CSV."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from kubedrill.history.past import PastRun, Standing
from kubedrill.record.verdict import Verdict
from kubedrill.report.console import STYLES
from kubedrill.words import counted, shown

_COLUMNS = ("run", "verdict", "held", "cluster", "kubedrill", "labels")
_STYLES = {Standing(verdict.value): STYLES[verdict] for verdict in Verdict}
_MOST = 120
"""Characters of a reason."""


def lines(runs: Sequence[PastRun]) -> Iterator[Text]:
    """Yield a line a run, columns below each other, and why it is no PASS in a line of its own below."""
    rows = [_COLUMNS, *map(_cells, runs)]
    said = [n for n in range(len(_COLUMNS)) if any(row[n] for row in rows[1:])]
    widths = [max(len(row[n]) for row in rows) for n in said]
    yield Text(_line(_COLUMNS, said, widths), style="dim")
    for run in runs:
        line = Text(_line(_cells(run), said, widths))
        line.highlight_words([f" {run.standing.value} "], _STYLES.get(run.standing, ""))
        yield line
        if run.why:
            yield Text(f"    {shown(run.why, _MOST)}", style="dim")


def _line(cells: Sequence[str], said: Sequence[int], widths: Sequence[int]) -> str:
    return "  ".join(cells[n].ljust(width) for n, width in zip(said, widths, strict=True)).rstrip()


def _cells(run: PastRun) -> tuple[str, ...]:
    about = (run.held, run.cluster, run.version("kubedrill"), labels_in_words(run))
    return (run.path, run.standing.value, *about)


def labels_in_words(run: PastRun) -> str:
    """Return a run's labels: `ci=nightly, team=platform`."""
    return ", ".join(f"{name}={value}" for name, value in sorted(run.labels.items()))


def tally(runs: Sequence[PastRun]) -> str:
    """Return how many runs there are, and of which standing: `34 runs: 30 PASS, 3 FAIL, 1 STALE`."""
    found = Counter(run.standing for run in runs)
    parts = [f"{found[standing]} {standing.value}" for standing in Standing if found[standing]]
    return f"{counted(len(runs), 'run')}{': ' if parts else ''}{', '.join(parts)}"


def json_rows(runs: Sequence[PastRun]) -> list[dict[str, Any]]:
    """Return a mapping a run, its objectives within it; values in base units."""
    return [
        {
            **_facts(run),
            "title": run.verdict.title if run.verdict else "",
            "labels": run.labels,
            "why": run.why,
            "objectives": [
                objective.model_dump(mode="json") | {"name": objective.name}
                for objective in run.objectives
            ],
        }
        for run in runs
    ]


def csv_text(runs: Sequence[PastRun]) -> str:
    """Return a row an objective, with what is said of its run; a run without any has a row as well."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    asked = ("phase", "objective", "value", "unit", "operator", "threshold", "objective_verdict")
    writer.writerow((*_FACTS, "labels", *asked))
    for run in runs:
        about = (*_facts(run).values(), labels_in_words(run))
        for objective in run.objectives:
            value = "" if objective.value is None else objective.value
            named = (objective.phase, objective.text, value, objective.unit)
            writer.writerow(
                (*about, *named, objective.operator, objective.threshold, objective.verdict.value)
            )
        if not run.objectives:
            writer.writerow((*about, *("" for _ in asked)))
    return text.getvalue()


_FACTS = ("run", "experiment", "start", "verdict", "kubedrill", "kubernetes", "cluster")


def _facts(run: PastRun) -> dict[str, str]:
    told = (
        *(run.path, run.experiment, run.start.strftime("%Y-%m-%dT%H:%M:%SZ")),
        *(run.standing.value, run.version("kubedrill"), run.version("kubernetes"), run.cluster),
    )
    return dict(zip(_FACTS, told, strict=True))
