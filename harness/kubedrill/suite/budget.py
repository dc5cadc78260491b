"""Suite: how much of a month's budget of downtime the drills on a cluster have spent, by their verdicts."""

from datetime import datetime, timedelta
from pathlib import Path

from kubedrill.history.past import PastRun, Standing
from kubedrill.history.reading import read_history
from kubedrill.judge.budget import BUDGET_S
from kubedrill.record.folder import RunFolder
from kubedrill.report import figures
from kubedrill.suite.schema import BudgetGate


def overspent(gate: BudgetGate, cluster: str, reports: Path, now: datetime) -> str:
    """Return that more is spent than a gate lets, and by how many drills; "" if not.

    A verdict that cannot be read or is not of its evidence keeps the gate closed.
    """
    if not reports.is_dir():
        return ""
    since = now - timedelta(seconds=gate.over)
    drills = [
        run for run in read_history(reports) if run.start >= since and _may_be_of(run, cluster)
    ]
    drills = [run for run in drills if RunFolder(reports / run.path).verdict.exists()]
    for run in drills:
        if run.standing in {Standing.STALE, Standing.UNJUDGED}:
            words = f"budget: {reports / run.path}: {run.why}"
            return f"{words}; nobody knows what its drill has spent"
    spent = sum(_spent(run, gate.definition) for run in drills)
    if spent <= gate.most:
        return ""
    share, most = figures.share(spent), figures.share(gate.most)
    words = f"budget: {len(drills)} drills on {cluster} have spent {share}"
    return f"{words} ({gate.definition}); {most} may be"


def _may_be_of(run: PastRun, cluster: str) -> bool:
    """Whether a run was on a cluster, or nobody can read on which; a comparison as such is on none."""
    return run.verdict is None or run.cluster == cluster


def _spent(run: PastRun, definition: str) -> float:
    """Return the share of a month's budget that a drill has spent, by a definition."""
    told = run.verdict.budget if run.verdict else ()
    return sum(part.unavailable_s for part in told if part.definition == definition) / BUDGET_S
