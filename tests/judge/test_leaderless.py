"""For how long nobody led: tables of what was seen of a Lease, and the gaps in it."""

import re
from pathlib import Path
from typing import Any

import pytest
from judged_drill import JudgedDrill
from judged_scrapes import END, at

from kubedrill.clock import SECOND
from kubedrill.judge.leaderless import Gap, gaps
from kubedrill.record.verdict import Verdict
from kubedrill.record.watched import LeaseHeld

Seen = tuple[str, float, float]
"""Who holds it, since when, and when it was renewed; seconds."""


def lease(holder: str, acquired: float, renewed: float) -> LeaseHeld:
    return LeaseHeld(
        holder=holder,
        acquired=round(acquired * SECOND),
        renewed=round(renewed * SECOND),
        lasts_s=15,
        transitions=0,
    )


@pytest.mark.parametrize(
    ("seen", "until", "expected"),
    [
        ([], 9, []),
        ([("a", 0, 0), ("a", 0, 2), ("a", 0, 4)], 5, []),
        ([("a", 0, 4), ("b", 21, 21), ("b", 21, 23)], 24, [(4, 21)]),
        ([("a", 0, 4), ("", 0, 6), ("b", 7, 7)], 8, [(6, 7)]),  # given back, and taken
        ([("a", 0, 4), ("b", 4.5, 4.5)], 5, [(4, 4.5)]),  # given back and taken between two looks
        ([("a", 0, 4), ("a", 0, 4)], 19, []),  # it may still renew it
        ([("a", 0, 4), ("a", 0, 4)], 19.5, [(4, 19.5)]),  # nobody has taken it
        ([("a", 0, 4), ("", 0, 6)], 8, [(6, 8)]),  # given back, and nobody has taken it
        ([("a", 0, 4), ("b", 20, 20), ("a", 40, 40)], 41, [(4, 20), (20, 40)]),
        ([("", 0, 3), ("a", 5, 5)], 6, [(3, 5)]),
    ],
)
def test_gaps(seen: list[Seen], until: float, expected: list[tuple[float, float]]) -> None:
    found = gaps([lease(*look) for look in seen], round(until * SECOND))
    assert [(gap.begun / SECOND, gap.over / SECOND) for gap in found] == expected


@pytest.mark.parametrize(
    ("gap", "phase", "touches"),
    [
        ((8, 25), (0, 10), False),  # the renewal of 10 s is the first that is missed
        ((7, 25), (0, 10), True),
        ((8, 25), (10, 30), True),
        ((8, 25), (26, 30), False),
        ((9.5, 10.1), (0, 10), False),
        ((9.5, 9.9), (0, 10), True),  # shorter than a renewal takes: it is known to be over
    ],
)
def test_a_gap_is_of_the_phases_in_which_a_renewal_was_missed(
    gap: tuple[float, float], phase: tuple[float, float], touches: bool
) -> None:
    begun, over = (round(second * SECOND) for second in gap)
    assert Gap(begun, over).touches(*(second * SECOND for second in phase)) is touches


WALL = JudgedDrill().schedule().clock.to_wall
KIND = "kube-controller-manager"


def look(second: float, held: LeaseHeld | None) -> dict[str, Any]:
    leases = {KIND: held.model_dump()} if held else {}
    error = "" if held else "timeout"
    return {"time": at(second), "took_us": 3000, "held": leases, "error": error}


def held(second: float) -> LeaseHeld:
    """Return the Lease as it is at a second: who holds it renews it last at 9 s."""
    holder, acquired = ("a", -50.0) if second < 17.5 else ("b", 17.5)
    renewed = min(second // 2 * 2 + 1 if second >= 1 else -1, 9.0) if holder == "a" else second
    return lease(holder, WALL(at(acquired)) / SECOND, WALL(at(renewed)) / SECOND)


def drill(**missing: float) -> JudgedDrill:
    drill = JudgedDrill()
    begin, end = missing.get("begin", END + 1), missing.get("end", END + 1)
    seconds = [tenth / 10 for tenth in range(END * 10 + 1)]
    drill.scrapes.leases = [
        look(second, None if begin <= second < end else held(second)) for second in seconds
    ]
    return drill


@pytest.mark.parametrize(("phase", "value"), [("baseline", 0.0), ("fault", 8.5), ("recovery", 0.0)])
def test_the_gap_is_judged_in_the_phase_that_it_is_of(
    tmp_path: Path, phase: str, value: float
) -> None:
    result = drill().asked(tmp_path, phase, "controller-manager.leaderless.longest < 8s")
    assert result.value == pytest.approx(value, abs=0.001)
    assert result.verdict == (Verdict.FAIL if value else Verdict.PASS)


def test_where_nobody_could_look_nothing_is_known(tmp_path: Path) -> None:
    result = drill(begin=11.0, end=15.0).asked(
        tmp_path, "fault", "controller-manager.leaderless.longest < 20s"
    )
    assert result.verdict == Verdict.INVALID
    assert re.match(r"leases\.jsonl has a hole of 4\.\d s", result.reason)


def test_without_its_file_nothing_is_known(tmp_path: Path) -> None:
    result = JudgedDrill().asked(tmp_path, "fault", "scheduler.leaderless.longest < 20s")
    assert result.verdict == Verdict.INVALID
    assert "leases.jsonl" in result.reason
