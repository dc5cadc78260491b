"""States for which faults wait: when they come by live figures, and what the judge makes of that."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from judged_drill import KILL, JudgedDrill
from judged_scrapes import KILLED, UNDOING, at

from kubedrill.judge.waiting import StateWatch
from kubedrill.record.live import LiveFigures
from kubedrill.record.schedule import Schedule, ScheduledFault
from kubedrill.record.timeline import StateTold
from kubedrill.record.verdict import Verdict

WHEN = "objects.pods >= 50 within 5s"
Looks = list[tuple[float, float | None]]


def waiting(**changes: Any) -> ScheduledFault:
    """Return a fault that waits for its state from 9 s to 14 s of the drill."""
    return replace(KILL, inject=at(9), when=WHEN, **changes)


def told(event: Any, second: float, value: float | None = 50.0) -> StateTold:
    state, _, _ = WHEN.partition(" within")
    return StateTold(
        time=at(second),
        name="etcd.kill",
        index=0,
        event=event,
        state=state,
        value=value,
        sample=None if value is None else at(second),
    )


@pytest.mark.parametrize(
    ("looks", "events"),
    [
        ([(8.9, 99)], []),
        ([(9.1, 49), (13.9, 49.0)], ["awaited"]),
        ([(8.0, 99), (9.1, 50)], ["awaited", "came"]),
        ([(9.1, None), (9.3, 7), (9.6, 51), (9.9, 3)], ["awaited", "came"]),
        ([(9.1, 49), (13.9, None), (14.0, 49)], ["awaited", "missed"]),
        ([(9.1, 49), (14.2, 50)], ["awaited", "came"]),
        ([(9.1, None), (14.2, None)], ["awaited", "missed"]),
    ],
)
def test_a_state_comes_once_or_is_missed(
    drill: JudgedDrill, tmp_path: Path, looks: Looks, events: list[str]
) -> None:
    schedule = replace(Schedule.read(drill.write(tmp_path).schedule), faults=(waiting(),))
    watch = StateWatch(schedule)
    said = [
        line
        for second, pods in looks
        for line in watch.check(
            LiveFigures(at(second), "fault", 1.0, objects={} if pods is None else {"pods": pods})
        )
    ]
    assert [line.event for line in said] == events


def test_what_it_was_when_it_came_or_was_missed_is_told(drill: JudgedDrill, tmp_path: Path) -> None:
    schedule = replace(Schedule.read(drill.write(tmp_path).schedule), faults=(waiting(),))
    watch = StateWatch(schedule)
    figures = LiveFigures(at(9.5), "fault", 1.0, objects={"pods": 49}, upto={"objects.pods": 7})
    [awaited] = watch.check(figures)
    assert awaited.words == "waits for objects.pods >= 50"
    [missed] = watch.check(LiveFigures(at(14), "fault", 1.0))
    assert (missed.value, missed.sample) == (49, 7)
    assert missed.words == "objects.pods >= 50 did not come in time: it was 49"


def reasons(drill: JudgedDrill, folder: Path, fault: ScheduledFault, *events: StateTold) -> Any:
    drill.scheduled_faults = [fault]
    drill.events += events
    report = drill.judged(folder)
    assert report.verdict in {Verdict.PASS, Verdict.INVALID}
    return report.reasons


def test_a_fault_is_punctual_by_when_its_state_came(drill: JudgedDrill, tmp_path: Path) -> None:
    came = told("came", KILLED - 0.2)
    assert reasons(drill, tmp_path, waiting(), told("awaited", 9), came) == []


def test_one_that_came_long_after_its_state_is_late(drill: JudgedDrill, tmp_path: Path) -> None:
    [why] = reasons(drill, tmp_path, replace(waiting(), inject=at(5)), told("came", KILLED - 3))
    assert "injecting 3.0 s late; the phases are not what they say" in why


def test_how_long_it_lasts_counts_from_its_state(drill: JudgedDrill, tmp_path: Path) -> None:
    length = UNDOING - KILLED
    fault = waiting(for_s=length, undo=at(14 + length))
    assert reasons(drill, tmp_path / "right", fault, told("came", KILLED)) == []


def test_one_that_was_undone_too_early_is_told(drill: JudgedDrill, tmp_path: Path) -> None:
    fault = waiting(for_s=UNDOING - KILLED + 5.0, undo=at(29))
    [why] = reasons(drill, tmp_path, fault, told("came", KILLED))
    assert "undoing 5.0 s early" in why


def test_one_that_was_injected_without_its_state_proves_nothing(
    drill: JudgedDrill, tmp_path: Path
) -> None:
    [why] = reasons(drill, tmp_path, waiting(), told("awaited", 9))
    assert "was injected, though nobody told that its state had come" in why
