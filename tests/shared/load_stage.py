"""A load's process as the runner starts it, and what it leaves behind."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from json_lines import read_lines

from kubedrill.clock import SECOND, ClockPair, now
from kubedrill.errors import NotStarted
from kubedrill.figures.traces import of_arrivals, read_load, samples_file
from kubedrill.judge.contradictions import check_records
from kubedrill.load import launch
from kubedrill.load.describe import describe, with_parameters
from kubedrill.process.child import Child
from kubedrill.reading.arrivals import Arrivals
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.sample import Outcome, Records
from kubedrill.record.schedule import Phase, Schedule, ScheduledLoad

PROFILES = Path(__file__).parents[2] / "loadprofiles"
PROFILE = PROFILES / "mass_list.py"
LEAD = SECOND // 2


@dataclass
class Played:
    """What a load left behind."""

    folder: RunFolder
    status: int | None
    start: int
    log: str

    def records(self, series: str = "list") -> Records:
        records, sidecar = read_load(self.folder, "load-list")
        names = [entry.name for entry in sidecar.series]
        return records[records["series"] == names.index(series)]

    def outcomes(self, series: str = "list") -> dict[int, int]:
        values, counts = np.unique(self.records(series)["outcome"], return_counts=True)
        return dict(zip(values.tolist(), counts.tolist(), strict=True))

    def count(self, outcome: Outcome | int) -> int:
        return self.outcomes().get(outcome, 0)

    def vitals(self) -> list[dict[str, Any]]:
        return list(read_lines(self.folder.samples / "load-list.workers.jsonl"))


def baseline(run: str, start: int, seconds: float, load: ScheduledLoad) -> Schedule:
    """A drill of one load and one phase."""
    return Schedule(
        experiment="test",
        run=run,
        title="",
        why="",
        claim=None,
        cluster="test",
        clock=ClockPair.read(),
        phases=(Phase("baseline", start, start + round(seconds * SECOND)),),
        loads=(load,),
    )


class Stage:
    """Plays a load of `seconds` at `rate`; `meanwhile` gets the child once GO is given."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.profile = PROFILE
        self.under: list[str] = []
        """A command that runs the load's: `prlimit` with its options."""

    def of(self, profile: str) -> "Stage":
        """Play that profile instead of mass_list."""
        self.profile = PROFILES / f"{profile}.py"
        return self

    def start(self, parameters: dict[str, Any], rate: float = 10.0) -> Child:
        load = ScheduledLoad("list", "mass-list", Arrivals.constant(rate), parameters)
        command, environment = launch.command(self.profile, load, self.folder)
        child = Child.start(
            "load", self.under + command, self.folder.logs / "load.log", environment
        )
        child.wait_ready(60)
        return child

    def go(self, child: Child, rate: float, seconds: float, parameters: dict[str, Any]) -> int:
        start = now() + LEAD
        schedule = self._schedule(start, rate, seconds, parameters)
        child.go({"schedule": schedule.as_dict()})
        return start

    def _schedule(
        self, start: int, rate: float, seconds: float, parameters: dict[str, Any]
    ) -> Schedule:
        load = ScheduledLoad("list", "mass-list", Arrivals.constant(rate), parameters)
        return baseline(self.folder.run, start, seconds, load)

    def play(
        self,
        rate: float,
        seconds: float,
        meanwhile: Callable[[Child, int], None] | None = None,
        **parameters: Any,
    ) -> Played:
        child = self.start(parameters, rate)
        try:
            start = self.go(child, rate, seconds, parameters)
            if meanwhile:
                meanwhile(child, start)
            status = child.wait(seconds + 60)
        finally:
            child.end()
            if child.wait(60) is None:
                child.kill()
            child.process.stdout.close()
        log = (self.folder.logs / "load.log").read_text()
        if status == 0:
            self._check(self._schedule(start, rate, seconds, parameters))
        return Played(self.folder, status, start, log)

    def _check(self, schedule: Schedule) -> None:
        """BadEvidence for a record that a judge would not believe: whatever a load has met with."""
        records, sidecar = read_load(self.folder, "load-list")
        now_played = records["intended"] >= schedule.start  # others may have been played before
        arrivals = of_arrivals(records, sidecar.series) & now_played
        path = samples_file(self.folder, "load-list")
        check_records(path, records, sidecar, arrivals, schedule)


def stage_on(cluster: ClusterRecord, reports: Path) -> Stage:
    """Return a stage for a load on a real cluster, on which others may play at the same time."""
    # What a load makes is named after its run, and a run after the second in which it began.
    at = datetime.fromtimestamp(secrets.randbelow(2**31), UTC)
    folder = RunFolder.create(reports, "test", at)
    cluster.write(folder.cluster)
    return Stage(folder)


def until(time_ns: int) -> None:
    time.sleep(max(time_ns - now(), 0) / SECOND)


def check(profile: Path, parameters: Mapping[str, Any]) -> None:
    """Check parameters as a drill does before it starts; NotStarted says what is wrong."""
    (description,) = describe(profile)
    (answer,) = with_parameters([(description, parameters)])
    if answer.wrong:
        raise NotStarted(answer.wrong)
