"""What real generators record is what was due, once each, however they were ended: the judge agrees."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from load_stage import LEAD, PROFILE, baseline, until
from thinned import thinned

from kubedrill.clock import SECOND, now
from kubedrill.judge.ending import Ending
from kubedrill.judge.load_files import read_loads
from kubedrill.judge.loads import Load
from kubedrill.load import launch
from kubedrill.process.child import Child
from kubedrill.reading.arrivals import Arrivals
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Phase, Schedule, ScheduledLoad

EVEN = ScheduledLoad("list", "mass-list", Arrivals.constant(101.0))
CLOSED = replace(EVEN, arrivals=Arrivals.closed(7))
LOADS = {
    "even": EVEN,
    "poisson": replace(EVEN, arrivals=Arrivals(((0.0, 150.0),), "poisson")),
    "bursts": replace(EVEN, arrivals=Arrivals(((0.0, 90.0),), burst=20)),
    "a ramp": replace(EVEN, arrivals=Arrivals(((0.0, 0.0), (3.0, 200.0)))),
    "several processes": replace(EVEN, processes=2),
    "dropped": replace(EVEN, parameters={"max_in_flight": 2}),
    "in two of three phases": replace(EVEN, phases=("first", "last")),
    "a closed loop": CLOSED,
    "a closed loop of several processes": replace(CLOSED, processes=2),
    "a closed loop that pauses": replace(CLOSED, arrivals=Arrivals.closed(7, 0.05)),
    "a closed loop in two of three phases": replace(CLOSED, phases=("first", "last")),
}
ENOUGH = 7
RECORD = 28
"""Its length in bytes."""
Meanwhile = Callable[[Schedule, list[Child], RunFolder], Ending]


def planned(_: Schedule, children: list[Child], __: RunFolder) -> Ending:
    assert [child.wait(90) for child in children] == [0] * len(children)
    return Ending(now(), "ended", "")


def under_way(schedule: Schedule, folder: RunFolder) -> None:
    """Wait for the last phase, and for records: a busy machine may begin the load late."""
    until(schedule.start + 11 * SECOND // 10)
    while sum(file.stat().st_size for file in folder.samples.glob("*.bin")) < ENOUGH * RECORD:
        time.sleep(0.05)


def interrupted(schedule: Schedule, children: list[Child], folder: RunFolder) -> Ending:
    under_way(schedule, folder)
    ending = Ending(now(), "interrupted", "")
    for child in children:
        child.end()
    assert [child.wait(90) for child in children] == [0] * len(children)
    return ending


def killed(schedule: Schedule, children: list[Child], folder: RunFolder) -> Ending:
    under_way(schedule, folder)
    for child in children:
        child.kill()
    return Ending(now(), "interrupted", "", killed=True)


def play(folder: RunFolder, load: ScheduledLoad, meanwhile: Meanwhile) -> tuple[Schedule, Ending]:
    children = []
    try:
        for worker, name in enumerate(load.sample_names):
            command, environment = launch.command(PROFILE, load, folder, worker)
            log = folder.logs / f"{name}.log"
            children.append(Child.start(name, command, log, environment))
        for child in children:
            child.wait_ready(60)
        start = now() + LEAD
        edges = [start, start + SECOND // 2, start + SECOND, start + 2 * SECOND]
        names = ("first", "silent", "last")
        phases = tuple(Phase(*edge) for edge in zip(names, edges[:-1], edges[1:], strict=True))
        schedule = replace(baseline(folder.run, start, 2, load), phases=phases)
        for child in children:
            child.go({"schedule": schedule.as_dict()})
        return schedule, meanwhile(schedule, children, folder)
    finally:
        for child in children:
            child.kill()


def read(folder: RunFolder, schedule: Schedule, ending: Ending) -> Load:
    (load,) = read_loads(folder, schedule, ending)
    return load


def lacking(load: Load) -> int:
    return sum(map(len, load.unrecorded.values()))


@pytest.mark.parametrize(
    ("name", "meanwhile"), thinned(LOADS, (planned, interrupted, killed), keep_one_in=3)
)
def test_each_has_its_record(stage, server, name: str, meanwhile: Meanwhile) -> None:
    server.latencies = [0.15]
    schedule, ending = play(stage.folder, LOADS[name], meanwhile)
    load = read(stage.folder, schedule, ending)
    assert (load.doubts, lacking(load)) == ((), 0)
    assert len(load.transactions()) >= ENOUGH


@pytest.mark.parametrize("name", LOADS)
def test_one_more_and_one_less_are_found(stage, server, name: str) -> None:
    schedule, ending = play(stage.folder, LOADS[name], planned)
    file = stage.folder.samples / f"{LOADS[name].sample_names[-1]}.bin"
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:RECORD])
    assert "record" in " ".join(read(stage.folder, schedule, ending).doubts)
    dropped = np.random.default_rng(len(whole)).integers(len(whole) // RECORD) * RECORD
    file.write_bytes(whole[:dropped] + whole[dropped + RECORD :])
    load = read(stage.folder, schedule, ending)
    assert "begun are not in it" in " ".join(load.doubts) or lacking(load) == 1
