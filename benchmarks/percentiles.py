"""Seconds and memory from 10 M samples to percentiles per phase and per second, as verdicts need them."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.table import Measured, Row, Rows
from kubedrill.clock import SECOND, ClockPair
from kubedrill.judge.parquet import convert
from kubedrill.reading.arrivals import Arrivals
from kubedrill.record.folder import RunFolder
from kubedrill.record.sample import LOAD_DTYPE, LOAD_RECORD, Outcome, Records, SampleWriter
from kubedrill.record.schedule import Phase, Schedule, ScheduledLoad
from kubedrill.record.sidecar import LoadSeries, LoadSidecar

SAMPLES = 10_000_000
RATE = 10_000
PIECE = 500_000
PHASES = ("baseline", "fault", "recovery")
ROUNDS = 5
PASSES = 2
"""The samples as records, and as Parquet."""


def percentiles(rows: Rows) -> None:
    """Measure with the samples as they are when a drill has ended, and as Parquet."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = RunFolder.create(Path(temporary), "benchmark")
        _write(folder)
        raw = [_measure(folder) for _ in range(ROUNDS)]
        rows.progress()
        convert(folder)
        parquet = [_measure(folder) for _ in range(ROUNDS)]
        rows.progress()
    for what, rounds in (("records", raw), ("Parquet", parquet)):
        seconds = Measured("kubedrill", [measured["took_s"] for measured in rounds], "s")
        rows.add(Row(f"10 M samples ({what}) to percentiles", seconds, goal="<= 10s"))
        peak = Measured("kubedrill", [measured["peak_bytes"] / 1e9 for measured in rounds], "GB")
        rows.add(Row("the same: memory", peak, goal="<= 2GB"))


def _write(folder: RunFolder) -> None:
    length = SAMPLES // RATE * SECOND // len(PHASES)
    phases = tuple(
        Phase(name, SECOND + number * length, SECOND + (number + 1) * length)
        for number, name in enumerate(PHASES)
    )
    Schedule(
        experiment="benchmark",
        run=folder.run,
        title="",
        why="",
        claim=None,
        cluster="none",
        clock=ClockPair.read(),
        phases=phases,
        loads=(ScheduledLoad("get", "gets", Arrivals.constant(RATE)),),
    ).write(folder.schedule)
    series = LoadSeries(name="get", verb="GET", role="transaction")
    sidecar = LoadSidecar(series=(series,), targets=("unknown",), profile="gets", load="get")
    samples = SampleWriter(folder.samples, "load-get", sidecar, LOAD_RECORD)
    random = np.random.default_rng(1)
    for start in range(0, SAMPLES, PIECE):
        samples.write(_records(random, start))
    samples.close()


def _records(random: np.random.Generator, start: int) -> Records:
    records = np.zeros(PIECE, LOAD_DTYPE)
    total = random.lognormal(9.2, 1.0, PIECE)  # us: a median of 10 ms
    # In the order in which they ended, as a load writes them.
    due = SECOND + (start + np.arange(PIECE)) * (SECOND // RATE)
    order = np.argsort(due + total * 1000)
    records["intended"] = due[order]
    records["total_us"] = total[order]
    records["first_byte_us"] = records["total_us"]
    records["bytes"] = 1024
    records["outcome"] = random.choice(
        [200, 429, int(Outcome.TIMEOUT)], PIECE, p=[0.98, 0.01, 0.01]
    )
    return records


def _measure(folder: RunFolder) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.percentiles_process", str(folder.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    said: dict[str, Any] = json.loads(done.stdout)
    if said["requests"] != SAMPLES:
        raise RuntimeError(f"{said['requests']} of {SAMPLES} samples were found")
    return said
