"""A generator that did not keep up says why."""

import numpy as np
import pytest
from judged_drill import JudgedDrill

from kubedrill.record.sample import Outcome


def reason(drill: JudgedDrill, tmp_path) -> str:
    rows = np.flatnonzero(drill.lists(10, 20))
    drill.load["wait_us"][rows[:10]] = 250_001
    (said,) = [one for one in drill.judged(tmp_path).reasons if "load list" in one]
    assert said.startswith("fault: load list: 1.00% of 1000 arrivals started more than 250 ms late")
    return said.rpartition("may; ")[2]


def test_the_event_loop(drill: JudgedDrill, tmp_path) -> None:
    for line in drill.workers:
        line["lag_max_us"] = 300_000
    said = "its event loop was up to 300 ms late (p99): the machine is too busy"
    assert reason(drill, tmp_path) == said


def test_one_full_core(drill: JudgedDrill, tmp_path) -> None:
    begin = drill.workers[0]["time"]
    for line in drill.workers:
        line["cpu_s"] = 0.97 * (line["time"] - begin) / 1e9
    said = "its process used 97% of a core: raise processes, or lower the rate"
    assert reason(drill, tmp_path) == said


def test_too_many_in_flight(drill: JudgedDrill, tmp_path) -> None:
    rows = np.flatnonzero(drill.lists(10, 20))
    drill.load["outcome"][rows[5]] = Outcome.DROPPED
    said = "more than 1,000 were in flight: raise max_in_flight, or lower the rate"
    assert reason(drill, tmp_path) == said


@pytest.mark.parametrize("used", [1000, 1024])
def test_no_descriptors_left(drill: JudgedDrill, tmp_path, used: int) -> None:
    for line in drill.workers:
        line |= {"descriptors": used, "descriptors_limit": 1024}
    assert reason(drill, tmp_path).startswith("its file descriptors were used up (")
