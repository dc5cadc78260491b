"""Runs of the past as folders: sealed evidence, and a verdict of it; a test changes what it likes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from synthetic_drill import make_schedule
from synthetic_report import MEASURED, SETTINGS, make_report

from kubedrill.judge.budget import BUDGET_S
from kubedrill.record.folder import RunFolder
from kubedrill.record.manifest import read_manifest, seal
from kubedrill.record.verdict import BudgetSpent, Report

FIRST = datetime(2026, 11, 1, 3, tzinfo=UTC)
DOWN_S = {"failed probes": 1.5, "longest outage": 0.5}


def write_evidence(
    reports: Path, experiment: str = "etcd-member-kill", at: datetime = FIRST
) -> RunFolder:
    """Write a folder with some evidence, and what closes it."""
    folder = RunFolder.create(reports, experiment, at)
    folder.ledger.touch()
    folder.schedule.write_text(f'{{"run": "{folder.run}"}}\n')
    (folder.samples / "probe.parquet").write_bytes(f"{folder.run} probes".encode())
    seal(folder)
    return folder


def write_past(
    reports: Path,
    experiment: str = "etcd-member-kill",
    at: datetime = FIRST,
    *,
    values: dict[str, dict[str, float | None]] | None = None,
    invalid: tuple[str, ...] = (),
    kubedrill: str = "0.1.0",
    **changes: Any,
) -> RunFolder:
    """Write a run and its verdict; `values` are measured otherwise, and `changes` made to the verdict."""
    folder = write_evidence(reports, experiment, at)
    measured = {phase: {**MEASURED[phase], **(values or {}).get(phase, {})} for phase in MEASURED}
    report = make_report(make_schedule("An etcd member dies", measured), measured, invalid)
    told: dict[str, Any] = {
        "experiment": experiment,
        "run": folder.run,
        "manifest": read_manifest(folder.manifest).sha256,
        "settings": SETTINGS | {"versions": SETTINGS["versions"] | {"kubedrill": kubedrill}},
        "budget": [spent("fault", name, seconds) for name, seconds in DOWN_S.items()],
    }
    report.model_copy(update=told | changes).write(folder.verdict)
    return folder


def spent(phase: str, definition: str, seconds: float) -> BudgetSpent:
    share = seconds / BUDGET_S
    return BudgetSpent(phase=phase, definition=definition, unavailable_s=seconds, spent=share)


def write_month(reports: Path, runs: int = 36) -> list[RunFolder]:
    """Write a run every 12 hours, of three experiments in turn; some miss an objective, some are INVALID."""
    return [write_nth(reports, number) for number in range(runs)]


def write_nth(reports: Path, number: int) -> RunFolder:
    late_s = 0.06 + 0.01 * (number % 5)
    values = {"baseline": {"list.p99 < 1s": 1.2 if number % 9 == 4 else late_s}}
    return write_past(
        reports,
        ("etcd-member-kill", "secret-flood", "zone-loss")[number % 3],
        FIRST + timedelta(hours=12 * number),
        values=values,
        invalid=("the generator lagged",) if number % 12 == 7 else (),
        kubedrill="0.1.0" if number < 18 else "0.2.0",
        labels={"ci": "nightly" if number % 2 else "merge"},
    )


def report_of(folder: RunFolder) -> Report:
    return Report.read(folder.verdict)
