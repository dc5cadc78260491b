"""Report: who asked most of the apiservers, in a table."""

from itertools import groupby
from operator import attrgetter

from kubedrill.record.verdict import AgentResult, Report
from kubedrill.report import figures
from kubedrill.report.table import Cell, Table, table

Row = tuple[str | Cell, ...]


def agents(report: Report) -> Table:
    """Return who asked how much, by phase, and what most."""
    lengths = {phase.name: phase.seconds for phase in report.phases}
    groups = [
        (phase, [_row(row, lengths[phase]) for row in rows])
        for phase, rows in groupby(report.agents, attrgetter("phase"))
    ]
    columns = ("User agent", "Requests", "A second", "Of all", "Most of them")
    return table("Requests by user agent", columns, groups, range(1, 4))


def _row(row: AgentResult, seconds: float) -> Row:
    most = ", ".join(f"{what} {many:,}" for what, many in row.most.items())
    share = figures.share(row.share)
    return row.agent, figures.count(row.requests), figures.rate(row.requests / seconds), share, most
