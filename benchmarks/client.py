"""Requests per client-CPU-second: our client in a drill's load process, and the clients of others.

All send the same 1 KB GETs over TLS on 8 kept connections to the same server, in turn, each as fast as
it can. Ours runs as in any drill, with every request in the samples.
"""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.closed_loop import closed_loop
from benchmarks.file_server import file_server, installed
from benchmarks.peers import hey, wrk
from benchmarks.playing import Spent
from benchmarks.static_server import USERS, StaticServer, static_server
from benchmarks.table import Measured, Row, Rows

HERE = Path(__file__).parent
SECONDS = 5
ROUNDS = 5
GOALS = {"wrk": 0.6, "hey": 1.0, "FastHttpUser": 8.0}


def client(rows: Rows) -> None:
    """Measure all of them, one after the other, five times."""
    rates: dict[str, list[float]] = {name: [] for name in ("kubedrill", *GOALS)}
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder)) as server:
        for _ in range(ROUNDS):
            for name, spent in _round(server).items():
                if spent is not None:
                    rates[name].append(spent.requests / spent.cpu_s)
            rows.progress()
    what = "1 KB GETs over TLS per client-CPU-second"
    ours = Measured("kubedrill", rates["kubedrill"])
    for name, goal in GOALS.items():
        rows.add(Row(what, ours, Measured(name, rates[name]), goal=f">= {goal:g}x"))


def _server(folder: Path) -> AbstractContextManager[StaticServer]:
    """Return nginx; where it is not installed HAProxy, which drills need anyway."""
    return file_server(folder, ()) if installed() else static_server(folder)


def _round(server: StaticServer) -> dict[str, Spent | None]:
    return {
        "wrk": wrk(f"{server.url}/", SECONDS),
        "kubedrill": closed_loop(server.as_cluster(), "/", SECONDS).spent(),
        "hey": hey(f"{server.url}/", SECONDS),
        "FastHttpUser": _fast_http_user(server),
    }


def _fast_http_user(server: StaticServer) -> Spent:
    arguments = ["-f", str(HERE / "fast_http_user.py"), "--headless", "--only-summary"]
    arguments += ["--users", str(USERS), "--spawn-rate", str(USERS)]
    arguments += ["--host", server.url, "--loglevel", "ERROR"]
    done = subprocess.run(
        [sys.executable, "-m", "locust", *arguments],
        env={**os.environ, "BENCHMARK_SECONDS": str(SECONDS), "BENCHMARK_CA": str(server.ca_file)},
        capture_output=True,
        text=True,
        timeout=SECONDS + 30,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise RuntimeError(done.stdout + done.stderr)
    counted = json.loads(lines[0])
    if counted["failures"] or not counted["requests"]:
        raise RuntimeError(f"FastHttpUser: {counted}")
    return Spent(counted["requests"], 0, counted["cpu_s"])
