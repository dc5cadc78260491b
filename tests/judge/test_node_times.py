"""How soon nodes that a fault hits are NotReady, and how soon they are Ready again after it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from judged_drill import JudgedDrill
from judged_scrapes import END, at

from kubedrill.record.fleet import Burst, Fleet
from kubedrill.record.verdict import Verdict

# etcd-b is down, as in every drill of these tests.
ZONE = {"name": "zone-b", "called": "b", "kind": "zone", "components": ["etcd-b"]}
NODE = {"name": "node/node-a-0", "called": "node-a-0", "kind": "node", "components": ["etcd-b"]}


def struck(lost: dict[int, Sequence[str]], target: dict[str, Any]) -> JudgedDrill:
    """A fault hits nodes from 10 s to 20 s; those that are lost are so from a second to the next one said."""
    made = JudgedDrill(fleet=Fleet(("a", "b"), 4, (Burst(2, 12.0),)))
    made.faults = [{**line, "targets": [target]} for line in made.faults]
    for line in made.faults:
        del line["target"]
    counts = dict.fromkeys(("wanted", "registered", "ready", "pods", "requests", "failed"), 0)
    late = {"lease_late_s": 0.0, "lag_s": 0.0, "cpu_s": 1.0}
    for zone in "ab":
        made.fleet_lines[zone] = [{"time": at(n), **counts, **late} for n in range(END + 1)]
    now: Sequence[str] = ()
    for second in range(END):
        now = lost.get(second, now)
        look = {"time": at(second), "not_ready": now, "took_us": 1000, "nodes": 4, "error": ""}
        made.scrapes.nodes.append(look)
    return made


BOTH = ["node-b-1", "node-b-3"]


@pytest.mark.parametrize(
    ("lost", "target", "asked", "value"),
    [
        ({13: BOTH[:1], 15: BOTH}, ZONE, "nodes.time_to_not_ready.max < 9s", 5.0),
        ({13: BOTH[:1], 15: BOTH}, ZONE, "nodes.time_to_not_ready.p50 < 9s", 3.0),
        # One was lost before; another that is lost was not hit, nor asked for yet.
        ({8: BOTH[:1], 13: [*BOTH, "node-a-0"]}, ZONE, "nodes.time_to_not_ready.max < 9s", 3.0),
        ({14: ["node-a-0"]}, NODE, "nodes.time_to_not_ready.max < 9s", 4.0),
    ],
)
def test_those_that_are_hit_are_lost_after_so_long(
    tmp_path: Path, lost: dict[int, Sequence[str]], target: dict[str, Any], asked: str, value: float
) -> None:
    result = struck(lost, target).asked(tmp_path, "fault", asked)
    assert (result.verdict, result.value) == (Verdict.PASS, value)


def test_one_that_is_never_lost_is_not_left_out(tmp_path: Path) -> None:
    drill = struck({13: BOTH[:1]}, ZONE)
    result = drill.asked(tmp_path / "max", "fault", "nodes.time_to_not_ready.max < 60s")
    assert (result.verdict, result.value) == (Verdict.FAIL, None)
    assert "1 of 2 nodes" in result.reason
    result = drill.asked(tmp_path / "p50", "fault", "nodes.time_to_not_ready.p50 < 60s")
    assert (result.verdict, result.value) == (Verdict.PASS, 3.0)


@pytest.mark.parametrize(
    ("lost", "value"),
    [
        ({15: BOTH, 22: BOTH[:1], 24: []}, 4.0),
        ({15: BOTH, 21: [], 23: BOTH[:1], 26: []}, 6.0),  # for good, and not the first time
        ({15: BOTH[1:], 22: [], 23: BOTH[:1]}, 2.0),  # of another nobody had to wait
    ],
)
def test_those_that_were_lost_are_back_after_so_long(
    tmp_path: Path, lost: dict[int, Sequence[str]], value: float
) -> None:
    result = struck(lost, ZONE).asked(tmp_path, "recovery", "nodes.time_to_ready.max < 9s")
    assert (result.verdict, result.value) == (Verdict.PASS, value)


def test_one_that_never_comes_back_is_not_left_out(tmp_path: Path) -> None:
    drill = struck({15: BOTH, 22: BOTH[:1]}, ZONE)
    result = drill.asked(tmp_path, "recovery", "nodes.time_to_ready.max < 60s")
    assert (result.verdict, result.value) == (Verdict.FAIL, None)


@pytest.mark.parametrize(
    ("phase", "asked"),
    [
        ("recovery", "nodes.time_to_ready.max < 60s"),  # none was lost
        ("baseline", "nodes.time_to_not_ready.max < 60s"),  # nothing hits any then
    ],
)
def test_where_nobody_is_lost_nothing_is_known(tmp_path: Path, phase: str, asked: str) -> None:
    assert struck({}, ZONE).asked(tmp_path, phase, asked).verdict == Verdict.INVALID


def test_what_nobody_saw_of_nodes_has_no_time(tmp_path: Path) -> None:
    drill = struck({13: BOTH}, ZONE)
    drill.scrapes.nodes = [
        line for line in drill.scrapes.nodes if not at(12) <= line["time"] < at(17)
    ]
    result = drill.asked(tmp_path, "fault", "nodes.time_to_not_ready.max < 60s")
    assert result.verdict == Verdict.INVALID
