"""Whether a workload had as many healthy pods as its disruption budget asks for."""

from pathlib import Path
from typing import Any

import pytest
from judged_drill import JudgedDrill
from judged_scrapes import END, at

from kubedrill.record.fleet import Fleet, Workload
from kubedrill.record.timeline import Seeded
from kubedrill.record.verdict import Verdict

PODS, ALLOWED = 10, 2


def played(
    least: dict[int, int], allowed: int | None = ALLOWED, unwatched: tuple[int, ...] = ()
) -> JudgedDrill:
    """All ten pods are healthy from 3 s on, but for the seconds that are said."""
    drill = JudgedDrill(fleet=Fleet(("a",), 3, workload=Workload(max_unavailable=allowed)))
    names = ("nodes", "ready", "open", "pods", "bound", "running", "pods_ready")
    drill.events = [
        Seeded(time=event.time, created={"workload": PODS}, seconds=1.0)
        if isinstance(event, Seeded)
        else event
        for event in drill.events
    ]
    for second in range(END + 1):
        few = least.get(second, PODS if second >= 3 else second)
        line: dict[str, Any] = {"time": at(second), "of": "all", **dict.fromkeys(names, 0)}
        line |= {"unwatched": ["pods"] if second in unwatched else []}
        drill.scale_out.append({**line, "healthy": few, "least_healthy": few})
    counts = dict.fromkeys(("wanted", "registered", "ready", "pods", "requests", "failed"), 0)
    late = {"lease_late_s": 0.0, "lag_s": 0.0, "cpu_s": 1.0}
    drill.fleet_lines["a"] = [
        {"time": at(second), **counts, **late, "replaced": second // 5, "refused": second}
        for second in range(END + 1)
    ]
    return drill


@pytest.mark.parametrize(
    ("least", "asked", "value"),
    [
        ({}, "pdb.violations < 9", 0),
        ({12: 8, 14: 8}, "pdb.violations < 9", 0),  # as many as may be away
        ({12: 7, 13: 7, 16: 0}, "pdb.violations < 9", 3),
        ({8: 0, 22: 0}, "pdb.violations < 9", 0),  # of other phases
        ({12: 7}, "workload.healthy.min < 11", 7),
        ({12: 7}, "workload.healthy.max < 11", 10),
        ({}, "nodes.replaced < 9", 2),
        ({}, "evictions.refused.rate < 9/s", 1.0),
    ],
)
def test_how_many_were_healthy(
    tmp_path: Path, least: dict[int, int], asked: str, value: float
) -> None:
    result = played(least).asked(tmp_path, "fault", asked)
    assert (result.verdict, result.value) == (Verdict.PASS, value)


def test_a_violation_is_one(tmp_path: Path) -> None:
    result = played({15: 7}).asked(tmp_path, "fault", "pdb.violations == 0")
    assert (result.verdict, result.value) == (Verdict.FAIL, 1)


def test_pods_that_come_are_none(tmp_path: Path) -> None:
    coming = dict.fromkeys(range(14), 5)
    assert played(coming).asked(tmp_path, "fault", "pdb.violations == 0").verdict == Verdict.PASS


@pytest.mark.parametrize(
    "drill",
    [
        played(dict.fromkeys(range(END + 1), 9)),  # never were all there
        played({}, allowed=None),
        played({}, unwatched=(12, 13, 14, 15, 16)),
    ],
)
def test_where_nothing_shows_that_it_was_kept_it_is_not_known(
    tmp_path: Path, drill: JudgedDrill
) -> None:
    result = drill.asked(tmp_path, "fault", "pdb.violations == 0")
    assert result.verdict == Verdict.INVALID
