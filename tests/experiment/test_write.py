from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from kubedrill.clock import SECOND, ClockPair
from kubedrill.experiment import Experiment, schedule, to_yaml
from kubedrill.experiment.agreement import differences
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
    assert [phase.end for phase in phases[:-1]] == [phase.start for phase in phases[1:]]


@pytest.mark.parametrize(
    ("change", "written"),
    [
        ("cluster.zones=[a]", {"name": "local-3az", "zones": ["a"]}),
        (
            "cluster.flags.kube-scheduler.v=4",
            {"name": "local-3az", "flags": {"kube-scheduler": {"v": 4}}},
        ),
        ("cluster.port=null", {"name": "local-3az", "port": None}),
        ("cluster.name=local-3az", "local-3az"),
        ("cluster={name: local-3az}", "local-3az"),
    ],
)
def test_what_is_changed_of_the_cluster_is_written_and_read_back(
    reading: Read, small: str, change: str, written: object
) -> None:
    experiment = reading(small, change)
    text = to_yaml(experiment)
    assert yaml.safe_load(text)["cluster"] == written
    again = reading(text)
    assert (again.cluster, again.cluster_changes) == ("local-3az", experiment.cluster_changes)
    scheduled = schedule(experiment, "x", "run", CLOCK, 0)
    assert list(differences(text, scheduled)) == []
    assert Schedule.from_dict(scheduled.as_dict()) == scheduled


def test_a_cluster_that_ran_otherwise_than_it_is_written_is_found_out(
    reading: Read, small: str
) -> None:
    scheduled = schedule(reading(small, "cluster.flags.kube-scheduler.v=4"), "x", "run", CLOCK, 0)
    text = to_yaml(reading(small, "cluster.flags.kube-scheduler.v=5"))
    assert list(differences(text, scheduled)) == [
        'cluster.flags.kube-scheduler.v: "5" in experiment.yaml, "4" in schedule.json'
    ]


def test_what_ran_is_written_with_every_default(reading: Read, small: str, tmp_path: Path) -> None:
    text = to_yaml(reading(small))
    for line in ("claim: null", "deadline: 1s", "fresh: 10/s", "at: 0s", "for: 20s"):
        assert line in text
