"""Report: how long nodes took to come, in a table."""

from itertools import groupby
from operator import attrgetter

from kubedrill.record.scale_out import StepTimes
from kubedrill.record.verdict import Report
from kubedrill.report import figures
from kubedrill.report.table import Cell, Table, bad, table

_WORDS = {
    "registered": "the node's object is there",
    "ready": "the node is Ready",
    "open": "no taint keeps pods off",
    "bound": "the first pod has the node",
    "running": "the first pod runs",
    "pod_ready": "the first pod is Ready",
}
Row = tuple[str | Cell, ...]
_SHOWN = (50, 90, 99, 100)


def steps(report: Report) -> Table:
    """Return how long the nodes took to each step from the demand for them on, by phase."""
    groups = [
        (phase, [_row(step) for step in steps])
        for phase, steps in groupby(report.scale_out, attrgetter("phase"))
    ]
    columns = ("Until", "p50", "p90", "95 % interval of p90", "p99", "max", "never came so far")
    return table("How nodes came, from the demand for them on", columns, groups, range(1, 7))


_WHO = {"fleet": "the fleet's nodes", "drill": "the drill itself"}


def bounds(report: Report) -> Table:
    """Return what bounded the nodes that came, and who used the machine meanwhile, by phase."""
    groups = [
        (
            f"{bound.phase}: {bound.words}",
            [(_WHO.get(who, who), f"{cores:.2f}") for who, cores in bound.cores.items()],
        )
        for bound in report.bounds
    ]
    columns = ("Until nine tenths of the nodes were open", "Cores used")
    return table("What bounded how nodes came", columns, groups, [1])


def _row(step: StepTimes) -> Row:
    never = step.nodes - step.came
    p50, p90, p99, last = (figures.seconds(step.percentiles_s[at - 1]) for at in _SHOWN)
    came = bad(f"{never:,} of {step.nodes:,}", never > 0)
    return _WORDS[step.step], p50, p90, _interval(step), p99, last, came


def _interval(step: StepTimes) -> str:
    """Return where the p90 lies; nobody can tell of few nodes, and without scipy."""
    if step.p90_interval_s is None:
        return figures.seconds(None)
    return " to ".join(map(figures.seconds, step.p90_interval_s))
