"""What our client does in a drill's load process as fast as it can: benchmarks/gets.py, on 8 connections."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubedrill.load import launch
from kubedrill.process.child import Child
from kubedrill.record.arrivals import Arrivals
from kubedrill.record.clock import SECOND, ClockPair, now
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.files import read_lines
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Phase, Schedule, ScheduledLoad
from kubedrill.record.traces import failed, read_samples

PROFILE = Path(__file__).parent / "gets.py"
NO_ARRIVALS = 0.001
"""A second: the users of benchmarks/gets.py do not wait for any."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a client did, and the CPU-seconds of its process for it."""

    requests: float
    bytes: float
    cpu_s: float


def closed_loop(cluster: ClusterRecord, path: str, seconds: float) -> Spent:
    """GET `path` for so long, every request in the samples; RuntimeError if one of them failed."""
    folder = RunFolder.create(Path(cluster.folder), "ours")
    cluster.write(folder.cluster)
    load = ScheduledLoad("get", "gets", Arrivals.constant(NO_ARRIVALS), {"path": path})
    command, environment = launch.command(PROFILE, load, folder)
    child = Child.start("load-get", command, folder.logs / "load.log", environment)
    try:
        child.wait_ready(30)
        schedule = _schedule(load, now() + SECOND, folder.run, seconds)
        child.go({"schedule": schedule.as_dict()})
        if child.wait(seconds + 20) != 0:
            raise RuntimeError((folder.logs / "load.log").read_text())
    finally:
        child.end()
        child.kill()
    records, _ = read_samples(folder, "load-get")
    lost = int(failed(records).sum())
    if lost:
        raise RuntimeError(f"{lost} of {len(records)} requests failed")
    return _spent(folder, schedule)


def _spent(folder: RunFolder, schedule: Schedule) -> Spent:
    first, *_, last = [
        line
        for line in read_lines(folder.samples / "load-get.workers.jsonl")
        if schedule.start + SECOND // 2 < line["time"] < schedule.end
    ]

    def between(field: str) -> Any:
        return last[field] - first[field]

    return Spent(between("sent"), between("bytes_in"), between("cpu_s"))


def _schedule(load: ScheduledLoad, start: int, run: str, seconds: float) -> Schedule:
    return Schedule(
        experiment="benchmark",
        run=run,
        title="",
        why="",
        claim=None,
        cluster="static",
        clock=ClockPair.read(),
        phases=(Phase("baseline", start, start + round(seconds * SECOND)),),
        loads=(load,),
    )
