"""Seconds to know 1,000 runs by their manifests and verdicts, beside plain JSON of the same files."""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.table import Measured, Row, Rows
from kubedrill.clock import SECOND
from kubedrill.history.page import write_index
from kubedrill.history.past import Standing
from kubedrill.history.reading import read_history
from kubedrill.record.folder import RunFolder
from kubedrill.record.manifest import read_manifest, seal
from kubedrill.record.objective import Objective, parse
from kubedrill.record.verdict import (
    AvailabilityResult,
    BudgetSpent,
    ObjectiveResult,
    PhaseTimes,
    Report,
    Verdict,
)

RUNS = 1_000
EXPERIMENTS = 20
FILES = 60
"""Of a run's evidence, as many as a drill on three zones leaves."""
ROUNDS = 5
PHASES = ("warmup", "baseline", "fault", "recovery")
ASKED = [f"list.p{rank} < {limit}s" for rank in (50, 90, 99) for limit in range(1, 9)]
LANES = [(path, verb) for path in ("balancer", "a", "b", "c") for verb in ("read", "write")]
DEFINITIONS = ("probes", "seconds", "minutes", "5 minutes")
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def history(rows: Rows) -> None:
    """Measure with files of the size of a drill's on three zones."""
    with tempfile.TemporaryDirectory() as temporary:
        reports = Path(temporary)
        _write(reports)
        known: dict[str, list[float]] = {"ours": [], "plain": [], "page": []}
        for _ in range(ROUNDS):
            known["ours"].append(_seconds(lambda: _read(reports)))
            known["plain"].append(_seconds(lambda: _parse(reports)))
            known["page"].append(_seconds(lambda: write_index(reports)))
            rows.progress()
    plain = Measured("json.loads", known["plain"], "s")
    ours = Measured("kubedrill", known["ours"], "s")
    rows.add(Row("1,000 runs by manifest and verdict", ours, plain, goal="<= 5s"))
    page = Measured("kubedrill", known["page"], "s")
    rows.add(Row("the same, and index.html of them", page))


def _seconds(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def _read(reports: Path) -> None:
    runs = read_history(reports)
    if len(runs) != RUNS or any(run.standing is not Standing.PASS for run in runs):
        raise RuntimeError("not every run was found, and is a PASS")


def _parse(reports: Path) -> None:
    for name in ("manifest.json", "verdict.json"):
        for path in reports.glob(f"*/2*/{name}"):
            json.loads(path.read_bytes())


def _write(reports: Path) -> None:
    """Write the runs: evidence of their own each, whose bytes they share."""
    first = RunFolder.create(reports / "made", "once", FIRST)
    for number in range(FILES):
        (first.metrics / f"apiserver-{number}.prom.gz").write_bytes(b"x" * number)
    seal(first)
    digest = read_manifest(first.manifest).sha256
    for number in range(RUNS):
        at = FIRST + timedelta(hours=number)
        folder = RunFolder.create(reports, f"experiment-{number % EXPERIMENTS}", at)
        for path in first.metrics.iterdir():
            os.link(path, folder.metrics / path.name)
        os.link(first.manifest, folder.manifest)
        _report(folder, digest, number).write(folder.verdict)


def _report(folder: RunFolder, digest: str, number: int) -> Report:
    phases = [
        PhaseTimes(
            name=name, start=at * 60 * SECOND, end=(at + 1) * 60 * SECOND, date=f"{FIRST:%FT%TZ}"
        )
        for at, name in enumerate(PHASES)
    ]
    return Report(
        experiment=folder.path.parent.name,
        run=folder.run,
        title="1,000 runs",
        why="",
        claim=None,
        verdict=Verdict.PASS,
        manifest=digest,
        reasons=[],
        phases=phases,
        objectives=[_objective(parse(text), 0.1 + number % 7 / 100) for text in ASKED],
        load=[],
        faults=[],
        availability=[*_availability()],
        budget=[
            BudgetSpent(phase=name, definition="failed probes", unavailable_s=1.0, spent=0.001)
            for name in PHASES
        ],
        server_latency=[],
        resources=[],
        harness=[],
        settings={"versions": {"kubedrill": "0.1.0"}, "cluster": {"name": "local-3az"}},
    )


def _objective(asked: Objective, value: float) -> ObjectiveResult:
    return ObjectiveResult(
        phase="fault",
        text=asked.text,
        words=asked.text,
        value=value,
        unit=asked.unit,
        threshold=asked.threshold,
        operator=asked.operator,
        verdict=Verdict.PASS,
        reason="",
    )


def _availability() -> Iterator[AvailabilityResult]:
    for phase in PHASES:
        for path, verb in LANES:
            for definition in DEFINITIONS:
                yield AvailabilityResult(
                    phase=phase,
                    path=path,
                    connection="fresh",
                    verb=verb,
                    level="prober",
                    definition=definition,
                    value=0.999,
                    probes=600,
                    failed=1,
                    longest_outage_s=0.1,
                    errors={"timeout": 1},
                    latency_s={
                        "p50": 0.005,
                        "p90": 0.006,
                        "p99": 0.009,
                        "max": 0.01,
                        "mean": 0.005,
                    },
                )
