"""The generator's memory while 50 users LIST 50 MB each, all the time."""

import tempfile
from pathlib import Path

from benchmarks.closed_loop import closed_loop
from benchmarks.file_server import file_server, installed
from benchmarks.table import Measured, Row, Rows

USERS, SIZE = 50, 50
SECONDS = 5
ROUNDS = 5


def memory(rows: Rows) -> None:
    """Measure the largest resident memory, five times for each version of HTTP."""
    if installed() is None:
        rows.console.print("memory: nginx is not installed; try: apt-get install nginx-light")
        return
    largest: dict[str, list[float]] = {"1.1": [], "2": []}
    with tempfile.TemporaryDirectory() as folder, file_server(Path(folder), [SIZE]) as server:
        cluster = server.as_cluster(USERS)
        for _ in range(ROUNDS):
            for http, found in largest.items():
                (lines,) = closed_loop(cluster, f"/{SIZE}", SECONDS, http=http).vitals()
                found.append(max(line.rss_bytes for line in lines) / 1e6)
            rows.progress()
    for http, found in largest.items():
        what = f"memory of a generator with {USERS} users that LIST {SIZE} MB, HTTP/{http}"
        rows.add(Row(what, Measured("kubedrill", found, " MB"), goal="<= 100 MB"))
