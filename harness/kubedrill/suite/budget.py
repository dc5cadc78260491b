"""Suite: how much of a month's budget of downtime the drills on a cluster have spent, by their verdicts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from kubedrill.record.verdict import Report
from kubedrill.report import figures
from kubedrill.report.junit import date_of
from kubedrill.suite.schema import BudgetGate


def overspent(gate: BudgetGate, cluster: str, reports: Path, now: datetime) -> str:
    """Return that more is spent than a gate lets, and by how many drills; "" if not.

    A verdict that cannot be read keeps the gate closed: nobody knows what its drill has spent.
    """
    since = now - timedelta(seconds=gate.over)
    spent, drills = 0.0, 0
    for path in _verdicts(reports, since):
        try:
            report = Report.read(path)
        except ValidationError:
            if not _is_of_a_comparison(path):
                return f"budget: {path} cannot be read, and nobody knows what its drill has spent"
            continue
        if report.settings.get("cluster", {}).get("name") != cluster:
            continue
        drills += 1
        spent += sum(part.spent for part in report.budget if part.definition == gate.definition)
    if spent <= gate.most:
        return ""
    share, most = figures.share(spent), figures.share(gate.most)
    return f"budget: {drills} drills on {cluster} have spent {share} ({gate.definition}); {most} may be"


def _verdicts(reports: Path, since: datetime) -> Iterator[Path]:
    """Yield the verdicts of drills, those of comparisons among them, that have begun since then."""
    for pattern in ("*/*/verdict.json", "*/*/*/*/verdict.json"):
        for path in sorted(reports.glob(pattern)):
            run = path.parent
            if not run.is_symlink() and _begun(run.name) >= since:
                yield path


def _begun(run: str) -> datetime:
    return datetime.fromisoformat(date_of(run)).replace(tzinfo=UTC)


def _is_of_a_comparison(verdict: Path) -> bool:
    return (verdict.parent / "variants.json").is_file()
