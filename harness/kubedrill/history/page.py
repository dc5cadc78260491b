"""History: `index.html`, one file about all runs that opens offline and asks no network for anything."""

import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kubedrill import __version__
from kubedrill.errors import NotStarted
from kubedrill.history.chart import trend_chart, trend_data
from kubedrill.history.levels import DAYS, ClusterLevels, recent, service_levels
from kubedrill.history.past import PastRun, Standing
from kubedrill.history.reading import read_history
from kubedrill.history.rows import labels_in_words
from kubedrill.history.spark import HEIGHT, WIDTH, spark
from kubedrill.history.trends import Trend, trends
from kubedrill.record.files import write_whole
from kubedrill.record.verdict import Verdict
from kubedrill.report import figures
from kubedrill.report.html import bokeh, environment
from kubedrill.report.table import Cell, Table, bad, table, verdict_cell
from kubedrill.words import counted, shown

_STRIP = 40
"""The newest runs of an experiment that stand in its line."""
_WHY = 160
"""Characters of a reason."""
_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as the page shows it."""

    path: str
    link: str
    """To its report, or "" where it has none."""
    standing: Cell
    facts: tuple[str, ...]
    """When it began, on what, by which version, with which labels, how much of it held."""
    why: str


def index_file(reports: Path) -> Path:
    """Return where the page about all runs stands."""
    return reports / "index.html"


def write_index(reports: Path, now: datetime | None = None) -> Path:
    """Write the page anew and return its path; NotStarted if that cannot be."""
    runs = read_history(reports)
    path = index_file(reports)
    text = _page(runs, now or datetime.now(UTC))
    try:
        write_whole(path, text)
    except OSError as error:
        raise NotStarted(f"{path}: cannot be written ({error.strerror})") from None
    return path


def _page(runs: Sequence[PastRun], now: datetime) -> str:
    known = trends(runs)
    return (
        environment("kubedrill.history")
        .get_template("index.html.j2")
        .render(
            made=f"{now:%Y-%m-%d %H:%M} UTC by kubedrill {__version__}",
            runs=runs,
            story=_story(runs),
            tally=[*_tally(runs)],
            experiments=[*_experiments(runs)],
            trends=[*_by_experiment(known)],
            chart=trend_chart() if known else None,
            data=trend_data(known),
            size=(WIDTH, HEIGHT),
            levels=_levels(service_levels(recent(runs, now))),
            days=DAYS,
            rows=[_row(run) for run in reversed(runs)],
            bokeh=bokeh(),
            nonce=secrets.token_urlsafe(16),
        )
    )


def _story(runs: Sequence[PastRun]) -> str:
    if not runs:
        return "No run stands here yet."
    names = len({run.experiment for run in runs})
    first, last = runs[0].start, runs[-1].start
    return (
        f"{counted(len(runs), 'run')} of {counted(names, 'experiment')}, "
        f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
    )


def standing_cell(standing: Standing) -> Cell:
    """Return a standing as a word and a sign: never by colour alone."""
    match standing:
        case Standing.STALE:
            return Cell("\u2260 STALE", "invalid")
        case Standing.UNJUDGED:
            return Cell("\u2013 UNJUDGED", "")
    return verdict_cell(Verdict(standing.value))


def _tally(runs: Sequence[PastRun]) -> Iterator[tuple[Cell, int]]:
    found = Counter(run.standing for run in runs)
    for standing in Standing:
        if found[standing] or standing.trusted:
            yield standing_cell(standing), found[standing]


def _experiments(runs: Sequence[PastRun]) -> Iterator[dict[str, Any]]:
    """Yield each experiment with its newest runs, the oldest of them first."""
    for name, found in groupby(
        sorted(runs, key=attrgetter("experiment")), attrgetter("experiment")
    ):
        all_runs = list(found)
        last = all_runs[-1]
        good = sum(run.standing is Standing.PASS for run in all_runs)
        yield {
            "name": name,
            "title": last.verdict.title if last.verdict else "",
            "runs": len(all_runs),
            "passed": f"{good} of {len(all_runs)}",
            "last": _row(last),
            "strip": [_row(run) for run in all_runs[-_STRIP:]],
            "left_out": max(len(all_runs) - _STRIP, 0),
        }


def _row(run: PastRun) -> RunRow:
    versions = (run.version("kubedrill"), run.version("kubernetes"))
    when = f"{run.start:%Y-%m-%d %H:%M}"
    facts = (when, run.cluster, *versions, labels_in_words(run), run.held)
    link = f"{quote(run.path)}/report.html" if run.page else ""
    return RunRow(run.path, link, standing_cell(run.standing), facts, shown(run.why, _WHY))


def _by_experiment(known: Sequence[Trend]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield each experiment with its trends: place in the chart's data, newest figure, picture."""
    numbered = enumerate(known)
    for name, found in groupby(numbered, lambda pair: pair[1].experiment):
        yield name, [_trend(number, trend) for number, trend in found]


def _trend(number: int, trend: Trend) -> dict[str, Any]:
    asked, value = trend.last.asked, trend.last.value
    unmeasured = f"{counted(trend.unmeasured, 'run')} without a value" if trend.unmeasured else ""
    return {
        "number": number,
        "phase": trend.phase,
        "text": asked.text,
        "last": figures.figure(value, asked.unit, asked.threshold),
        "verdict": verdict_cell(asked.verdict),
        "spark": spark(trend),
        "unmeasured": unmeasured,
    }


def _levels(found: Sequence[ClusterLevels]) -> Table:
    """Return downtime by each definition, cluster by cluster."""
    groups = [
        (
            _watched(told),
            [
                (
                    level.definition,
                    figures.seconds(level.down_s),
                    figures.share(level.available),
                    bad(figures.share(level.spent), level.spent > 1),
                )
                for level in told.levels
            ],
        )
        for told in found
    ]
    columns = ("Definition", "down", "available", "of a month's 21.6 min")
    return table("Downtime that drills have made, by definition", columns, groups, (1, 2, 3))


def _watched(told: ClusterLevels) -> str:
    hours = max(level.watched_s for level in told.levels) / _HOUR_S
    name = told.cluster or "cluster unknown"
    return f"{name}: {counted(told.runs, 'run')}, {hours:,.1f} h watched"
