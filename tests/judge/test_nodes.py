"""How many nodes are ready, how many are not, and how many of these are so without a reason."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from judged_drill import JudgedDrill
from judged_scrapes import END, at

from kubedrill.judge.measurers.nodes import disruption
from kubedrill.record.fleet import Burst, Fleet
from kubedrill.record.verdict import Verdict


def looked_at(lost: dict[int, Sequence[str]]) -> JudgedDrill:
    """Three nodes, looked at each second; some are not ready at some."""
    made = JudgedDrill()
    look = {"took_us": 1000, "nodes": 3, "error": ""}
    made.scrapes.nodes = [
        {"time": at(second), "not_ready": lost.get(second, []), **look} for second in range(END)
    ]
    return made


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        ("nodes.not_ready.max < 9", 2),
        ("nodes.not_ready.min < 9", 0),
        ("nodes.ready.min < 9", 1),
        ("nodes.ready.max < 9", 3),
        ("nodes.false_not_ready < 9", 2),
    ],
)
def test_how_many_there_are(tmp_path: Path, asked: str, value: float) -> None:
    made = looked_at({13: ["x"], 14: ["x", "y"], 15: ["y"], 25: ["x", "y", "z"]})
    result = made.asked(tmp_path, "fault", asked)
    assert (result.verdict, result.value) == (Verdict.PASS, value)


@pytest.mark.parametrize(
    ("lost", "false"),
    [
        ([12, 13], 0),  # they come
        ([12, 13, 16], 1),  # one had come, and is lost again
    ],
)
def test_a_node_that_comes_is_not_ready_at_first(
    tmp_path: Path, lost: list[int], false: int
) -> None:
    made = looked_at({second: ["node-n-0"] for second in lost})
    made.fleet = Fleet(("n",), bursts=(Burst(1, 11.5),))
    assert made.asked(tmp_path, "fault", "nodes.false_not_ready < 9").value == false


def test_nodes_of_a_fleet_that_names_no_zones_come_in_those_of_the_cluster(
    tmp_path: Path,
) -> None:
    made = looked_at({12: ["node-b-1"], 13: ["node-b-1"]})
    made.fleet = Fleet(bursts=(Burst(2, 11.5),))
    assert made.asked(tmp_path, "fault", "nodes.false_not_ready < 9").value == 0


def test_what_nobody_looked_at_is_not_known(tmp_path: Path) -> None:
    made = looked_at({})
    made.scrapes.nodes = [
        line for line in made.scrapes.nodes if not at(12) <= line["time"] < at(17)
    ]
    result = made.asked(tmp_path, "fault", "nodes.false_not_ready == 0")
    assert result.verdict == Verdict.INVALID


@pytest.mark.parametrize(
    ("ready", "there", "state"),
    [
        (0, 0, 0),
        (3, 3, 0),
        (1, 3, 0),  # 67 %, but only two
        (0, 1, 2),
        (0, 60, 2),
        (1, 4, 1),
        (28, 60, 0),  # 53 %
        (27, 60, 1),  # 55 %
    ],
)
def test_a_zone_is_disturbed_as_the_controller_manager_has_it(
    ready: int, there: int, state: int
) -> None:
    assert disruption(ready, there) == state


def test_the_state_of_a_zone_is_its_worst(tmp_path: Path) -> None:
    made = looked_at({})
    zones = {12: {"a": (0, 2), "b": (1, 1)}, 13: {"b": (0, 1)}}
    for line in made.scrapes.nodes:
        line["zones"] = {"a": (2, 2), "b": (1, 1)}
    for second, found in zones.items():
        made.scrapes.nodes[second]["zones"] = found
    for zone, states in (("a", (0, 2)), ("b", (0, 2)), ("c", (0, 0))):
        for statistic, value in zip(("min", "max"), states, strict=True):
            asked = f"zone.{zone}.state.{statistic} <= 2"
            assert made.asked(tmp_path / f"{zone}{statistic}", "fault", asked).value == value


def test_what_earlier_versions_did_not_write_is_not_known(tmp_path: Path) -> None:
    result = looked_at({}).asked(tmp_path, "fault", "zone.a.state == 0")
    assert result.verdict == Verdict.INVALID
