"""One load in several processes, 8 connections each: requests per client-CPU-second of all, against one."""

import tempfile
from pathlib import Path

from benchmarks.closed_loop import closed_loop
from benchmarks.static_server import USERS, static_server
from benchmarks.table import Measured, Row, Rows

COUNTS = (1, 2, 4)
SECONDS = 5
ROUNDS = 5


def processes(rows: Rows) -> None:
    """Measure 1, 2 and 4 processes in turn, five times."""
    rates: dict[int, list[float]] = {count: [] for count in COUNTS}
    with tempfile.TemporaryDirectory() as folder, static_server(Path(folder)) as server:
        for _ in range(ROUNDS):
            for count in COUNTS:
                cluster = server.as_cluster(count * USERS)
                spent = closed_loop(cluster, "/", SECONDS, processes=count).spent()
                rates[count].append(spent.requests / spent.cpu_s)
            rows.progress()
    alone = Measured("1 process", rates[1])
    for count in COUNTS[1:]:
        what = f"1 KB GETs per client-CPU-second, {count} processes"
        rows.add(Row(what, Measured("kubedrill", rates[count]), alone, goal=">= 0.95x"))
