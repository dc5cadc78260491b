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
GOAL = ">= 0.9x"


def lists(rows: Rows) -> None:
    """Measure both, one after the other, five times for each size."""
    if installed() is None:
        rows.console.print("lists: nginx is not installed; try: apt-get install nginx-light")
        return
    ours: dict[int, list[float]] = {size: [] for size in SIZES}
    theirs: dict[int, list[float]] = {size: [] for size in SIZES}
    with tempfile.TemporaryDirectory() as folder, file_server(Path(folder), SIZES) as server:
        for _ in range(ROUNDS):
            for size in SIZES:
                peer = wrk(f"{server.url}/{size}", SECONDS)
                if peer is not None:
                    theirs[size].append(peer.bytes / peer.cpu_s / 1e6)
                spent = closed_loop(server.as_cluster(), f"/{size}", SECONDS)
                ours[size].append(spent.bytes / spent.cpu_s / 1e6)
            rows.progress()
    for size in SIZES:
        what = f"{size} MB answers over TLS, MB per client-CPU-second"
        rows.add(
            Row(what, Measured("kubedrill", ours[size]), Measured("wrk", theirs[size]), goal=GOAL)
        )
