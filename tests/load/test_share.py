"""Several processes of one load: every arrival and every object once."""

import numpy as np
import pytest
from load_stage import LEAD, PROFILE, baseline

from kubedrill.clock import SECOND, now
from kubedrill.figures.traces import read_load
from kubedrill.load import launch
from kubedrill.process.child import Child
from kubedrill.reading.arrivals import Arrivals
from kubedrill.record.schedule import ScheduledLoad
from kubedrill.record.share import Share


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_every_arrival_belongs_to_one(workers):
    blocks = [np.arange(start, stop) for start, stop in ((0, 10), (10, 11), (11, 11), (11, 50))]
    shares = [np.concatenate(list(Share(number, workers).of(blocks))) for number in range(workers)]
    assert sorted(np.concatenate(shares).tolist()) == list(range(50))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize(("workers", "total"), [(1, 5), (2, 5), (3, 5), (4, 100)])
def test_every_object_belongs_to_one(workers, total):
    first = [
        number
        for worker in range(workers)
        for again, number in (Share(worker, workers).turn(count, total) for count in range(total))
        if again == 0
    ]
    assert sorted(first) == list(range(total))


def test_fewer_objects_than_processes():
    turns = {number: [Share(number, 3).turn(count, 2) for count in range(2)] for number in range(3)}
    # None is left for the last one: it comes again to what the first one makes.
    assert turns == {0: [(0, 0), (1, 0)], 1: [(0, 1), (1, 1)], 2: [(1, 0), (2, 0)]}


def test_objects_come_again_in_turn():
    turns = [Share(1, 2).turn(count, 5) for count in range(5)]
    assert turns == [(0, 1), (0, 3), (1, 1), (1, 3), (2, 1)]


def test_new_ones_without_end():
    found = {Share(worker, 3).turn(count, 0) for worker in range(3) for count in range(100)}
    assert found == {(0, number) for number in range(300)}


def test_two_processes_share_a_load(stage):
    run_folder = stage.folder
    load = ScheduledLoad("list", "mass-list", Arrivals.constant(101.0), processes=2)
    children = []
    try:
        for worker, name in enumerate(load.sample_names):
            command, environment = launch.command(PROFILE, load, run_folder, worker)
            log = run_folder.logs / f"{name}.log"
            children.append(Child.start(name, command, log, environment))
        for child in children:
            child.wait_ready(60)
        start = now() + LEAD
        for child in children:
            child.go({"schedule": baseline(run_folder.run, start, 2, load).as_dict()})
        assert [child.wait(60) for child in children] == [0, 0]
    finally:
        for child in children:
            child.kill()
    parts = [read_load(run_folder, name)[0]["intended"] for name in load.sample_names]
    assert {len(part) for part in parts} == {101}
    expected = np.rint(np.arange(202) * SECOND / 101).astype(np.int64) + start
    assert (np.sort(np.concatenate(parts)).astype(np.int64) == expected).all()
