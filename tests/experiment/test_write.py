from collections.abc import Callable
from pathlib import Path

import pytest

from kubedrill.clock import SECOND, ClockPair
from kubedrill.experiment import Experiment, schedule, to_yaml
from kubedrill.record.objective import parse
from kubedrill.record.schedule import Phase, Schedule, ScheduledFault, ScheduledObjective

Read = Callable[..., Experiment]
CLOCK = ClockPair(5, 6, "boot")


@pytest.fixture
def written(reading: Read, small: str) -> Schedule:
    text = small.replace("{member: leader}", "{member: leader}\n    at: 1.5s")
    experiment = reading(text + "abort: [availability < 50% for 30s]\n")
    return schedule(experiment, "x", "run", CLOCK, 100 * SECOND)


def test_everything_is_on_the_clock(written: Schedule) -> None:
    assert written.phases == (
        Phase("baseline", 100 * SECOND, 110 * SECOND),
        Phase("fault", 110 * SECOND, 130 * SECOND),
        Phase("recovery", 130 * SECOND, 140 * SECOND),
    )
    assert written.faults == (
        ScheduledFault("etcd.kill", {"member": "leader"}, "fault", 111_500_000_000, 130 * SECOND),
    )
    assert (written.start, written.end) == (100 * SECOND, 140 * SECOND)


def test_objectives_keep_their_text_and_line(written: Schedule) -> None:
    (objective,) = written.objectives
    assert objective == ScheduledObjective("fault", "list.p99 < 1s", 14)
    assert parse(objective.text).threshold == 1.0
    assert written.abort == ("availability < 50% for 30s",)


def test_phases_meet_without_a_gap_whatever_their_lengths(reading: Read, small: str) -> None:
    lengths = ["phases.baseline=0.1s", "phases.fault=0.2s", "phases.recovery=0.3s"]
    phases = schedule(reading(small, *lengths), "x", "run", CLOCK, 7).phases
    assert phases[0].start == 7
    assert phases[-1].end == 600_000_007
    assert [one.end for one in phases[:-1]] == [one.start for one in phases[1:]]


def test_what_ran_is_written_with_every_default(reading: Read, small: str, tmp_path: Path) -> None:
    text = to_yaml(reading(small))
    for line in ("claim: null", "deadline: 1s", "fresh: 10/s", "at: 0s", "for: 20s"):
        assert line in text
