"""History: runs as rows: for a terminal, as JSON, as CSV."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from typing import Any

from kubedrill.history.past import PastRun, Standing
from kubedrill.words import counted, shown


def table_rows(runs: Sequence[PastRun]) -> list[dict[str, Any]]:
    """Return a row a run, as a terminal shows them; without the columns that say nothing of any."""
    rows = [_row(run) for run in runs]
    said = [name for name in (rows[0] if rows else ()) if any(row[name] for row in rows)]
    return [{name: row[name] for name in said} for row in rows]


def _row(run: PastRun) -> dict[str, str]:
    return {
        "run": run.path,
        "verdict": run.standing.value,
        "held": run.held,
        "cluster": run.cluster,
        "kubedrill": run.version("kubedrill"),
        "labels": labels_in_words(run),
        "why": shown(run.why),
    }


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
