"""A drill's load, played by itself: its processes as in any drill, and the CPU-seconds that they took."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kubedrill.clock import SECOND, ClockPair, now
from kubedrill.figures.traces import failed, read_load
from kubedrill.load import launch
from kubedrill.process.child import Child
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import read_lines
from kubedrill.record.sample import Records
from kubedrill.record.schedule import Phase, Schedule, ScheduledLoad
from kubedrill.record.vitals import GeneratorVitals

READY_S, ENDING_S = 120, 30
LEAD = SECOND


@dataclass(frozen=True, slots=True)
class Spent:
    """What a client did, and the CPU-seconds of its processes for it."""

    requests: float
    bytes: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Played:
    """A load that has ended; its vitals, of each process, from half a second after its start to its end."""

    folder: RunFolder
    schedule: Schedule
    load: ScheduledLoad

    def vitals(self) -> Iterator[list[GeneratorVitals]]:
        """Yield the lines of each process."""
        begin, end = self.schedule.start + SECOND // 2, self.schedule.end
        for name in self.load.sample_names:
            lines = read_lines(self.folder.samples / f"{name}.workers.jsonl", GeneratorVitals)
            yield [line for line in lines if begin < line.time < end]

    def records(self, series: str) -> Records:
        """Return the records of one series, of all processes."""
        found = []
        for name in self.load.sample_names:
            records, sidecar = read_load(self.folder, name)
            number = [entry.name for entry in sidecar.series].index(series)
            found.append(records[records["series"] == number])
        return np.concatenate(found)

    def spent(self) -> Spent:
        """Return what it did; RuntimeError if a request has failed."""
        for name in self.load.sample_names:
            records, _ = read_load(self.folder, name)
            lost = int(failed(records).sum())
            if lost:
                raise RuntimeError(f"{lost} of {len(records)} requests failed")
        ends = [(lines[0], lines[-1]) for lines in self.vitals()]

        def between(field: str) -> float:
            return float(sum(getattr(last, field) - getattr(first, field) for first, last in ends))

        return Spent(between("sent"), between("bytes_in"), between("cpu_s"))


def play(cluster: ClusterRecord, profile: Path, load: ScheduledLoad, seconds: float) -> Played:
    """Play a load for so long, and wait for its end; RuntimeError if it fails."""
    folder = RunFolder.create(Path(cluster.folder), "ours")
    cluster.write(folder.cluster)
    with ExitStack() as stack:
        started = [
            stack.enter_context(_started(profile, load, folder, number))
            for number in range(len(load.sample_names))
        ]
        for child in started:
            child.wait_ready(READY_S)
        schedule = _schedule(load, now() + LEAD, folder.run, seconds)
        for child in started:
            child.go({"schedule": schedule.as_dict()})
        statuses = [child.wait(seconds + ENDING_S) for child in started]
        if any(status != 0 for status in statuses):
            raise RuntimeError("\n".join(child.log.read_text() for child in started))
    return Played(folder, schedule, load)


@contextmanager
def _started(profile: Path, load: ScheduledLoad, folder: RunFolder, number: int) -> Iterator[Child]:
    command, environment = launch.command(profile, load, folder, number)
    log = folder.logs / f"{load.sample_names[number]}.log"
    child = Child.start(load.sample_names[number], command, log, environment)
    try:
        yield child
    finally:
        child.end()
        child.kill()


def _schedule(load: ScheduledLoad, start: int, run: str, seconds: float) -> Schedule:
    return Schedule(
        experiment="benchmark",
        run=run,
        title="",
        why="",
        claim=None,
        cluster="",
        clock=ClockPair.read(),
        phases=(Phase("baseline", start, start + round(seconds * SECOND)),),
        loads=(load,),
    )
