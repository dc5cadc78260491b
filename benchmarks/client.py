"""Requests per client-CPU-second: our client in a drill's load process, and Locust's FastHttpUser.

Both send the same 1 KB GETs over TLS on 8 kept connections to the same server, in turn, each as fast
as it can. Ours runs as in any drill, with every request in the samples.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.static_server import USERS, StaticServer, static_server
from benchmarks.table import Measured, Row, Rows
from kubedrill.load import launch
from kubedrill.process.child import Child
from kubedrill.record.arrivals import Arrivals
from kubedrill.record.clock import SECOND, ClockPair, now
from kubedrill.record.files import read_lines
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Phase, Schedule, ScheduledLoad
from kubedrill.record.traces import failed, read_samples

HERE = Path(__file__).parent
SECONDS = 6
ROUNDS = 5
NO_ARRIVALS = 0.001
"""A second: the users of benchmarks/gets.py do not wait for any."""

GOAL = 8.0


def client(rows: Rows) -> None:
    """Measure both, one after the other, five times."""
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder, static_server(Path(folder)) as server:
        for number in range(ROUNDS):
            theirs.append(_theirs(server))
            ours.append(_ours(server, number))
            rows.progress()
    rows.add(
        Row(
            "1 KB GETs over TLS per client-CPU-second",
            Measured("kubedrill", ours),
            Measured("FastHttpUser", theirs),
            goal=f">= {GOAL:g}x",
        )
    )


def _ours(server: StaticServer, number: int) -> float:
    folder = RunFolder.create(server.folder, f"ours-{number}")
    server.as_cluster().write(folder.cluster)
    load = ScheduledLoad("get", "gets", Arrivals.constant(NO_ARRIVALS))
    command, environment = launch.command(HERE / "gets.py", load, folder)
    child = Child.start("load-get", command, folder.logs / "load.log", environment)
    try:
        child.wait_ready(30)
        schedule = _schedule(load, now() + SECOND, folder.run)
        child.go({"schedule": schedule.as_dict()})
        if child.wait(SECONDS + 20) != 0:
            raise RuntimeError((folder.logs / "load.log").read_text())
    finally:
        child.end()
        child.kill()
    records, _ = read_samples(folder, "load-get")
    lost = int(failed(records).sum())
    if lost:
        raise RuntimeError(f"{lost} of {len(records)} requests failed")
    first, *_, last = [
        line
        for line in read_lines(folder.samples / "load-get.workers.jsonl")
        if schedule.start + SECOND // 2 < line["time"] < schedule.end
    ]
    return float((last["sent"] - first["sent"]) / (last["cpu_s"] - first["cpu_s"]))


def _schedule(load: ScheduledLoad, start: int, run: str) -> Schedule:
    return Schedule(
        experiment="benchmark",
        run=run,
        title="",
        why="",
        claim=None,
        cluster="static",
        clock=ClockPair.read(),
        phases=(Phase("baseline", start, start + SECONDS * SECOND),),
        loads=(load,),
    )


def _theirs(server: StaticServer) -> float:
    arguments = ["-f", str(HERE / "fast_http_user.py"), "--headless", "--only-summary"]
    arguments += ["--users", str(USERS), "--spawn-rate", str(USERS)]
    arguments += ["--host", f"https://127.0.0.1:{server.port}", "--loglevel", "ERROR"]
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
    return float(counted["requests"] / counted["cpu_s"])
