"""Bytes of large answers per client-CPU-second, over TLS: our client in a drill's load process, and wrk."""

import tempfile
from pathlib import Path

from benchmarks.closed_loop import closed_loop
from benchmarks.file_server import file_server, installed
from benchmarks.peers import wrk
from benchmarks.table import Measured, Row, Rows

SIZES = (7, 50)
"""MB."""
SECONDS = 4
ROUNDS = 5
GOALS = {"1.1": ">= 0.9x", "2": ">= 0.8x"}
"""By version of HTTP; wrk has HTTP/1.1 only."""


def lists(rows: Rows) -> None:
    """Measure both, one after the other, five times for each size."""
    if installed() is None:
        rows.console.print("lists: nginx is not installed; try: apt-get install nginx-light")
        return
    ours: dict[tuple[int, str], list[float]] = {
        (size, http): [] for size in SIZES for http in GOALS
    }
    theirs: dict[int, list[float]] = {size: [] for size in SIZES}
    with tempfile.TemporaryDirectory() as folder, file_server(Path(folder), SIZES) as server:
        for _ in range(ROUNDS):
            for size in SIZES:
                found = wrk(f"{server.url}/{size}", SECONDS)
                if found is not None:
                    theirs[size].append(found.bytes / found.cpu_s / 1e6)
                for http in GOALS:
                    spent = closed_loop(server.as_cluster(), f"/{size}", SECONDS, http=http).spent()
                    ours[size, http].append(spent.bytes / spent.cpu_s / 1e6)
            rows.progress()
    for (size, http), rates in ours.items():
        what = f"{size} MB answers over TLS, HTTP/{http}, MB per client-CPU-second"
        peer = Measured("wrk, HTTP/1.1", theirs[size])
        rows.add(Row(what, Measured("kubedrill", rates), peer, goal=GOALS[http]))
