"""A fault that waits for a state begins when the runner has told that it came, and not otherwise."""

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from judged_drill import KILL, JudgedDrill

from kubedrill.clock import SECOND, now
from kubedrill.faults import awaited, progress
from kubedrill.faults.awaited import not_come, wait_for_state
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Schedule
from kubedrill.record.timeline import Note, StateTold, Timeline

WHEN = "objects.pods >= 50 within 30s"


def told(event: Any, value: float | None, index: int = 0) -> StateTold:
    return StateTold(
        time=now(),
        name="etcd.kill",
        index=index,
        event=event,
        state="objects.pods >= 50",
        value=value,
        sample=None,
    )


@pytest.fixture
def waiting(tmp_path: Path) -> RunFolder:
    """A run whose first fault waits, from now on, and whose second one does not."""
    folder = RunFolder.create(tmp_path, "waits")
    schedule = Schedule.read(JudgedDrill().write(tmp_path / "judged").schedule)
    waits = replace(KILL, inject=now(), undo=now() + 60 * SECOND, when=WHEN)
    replace(schedule, faults=(waits, KILL)).write(folder.schedule)
    return folder


@pytest.fixture
def timeline(waiting: RunFolder) -> Iterator[Timeline]:
    """The run's timeline, in which something else stands already."""
    with closing(Timeline(waiting.timeline)) as timeline:
        timeline.add(Note(time=now(), name="something else"))
        yield timeline


def test_it_may_not_begin_before_that_is_told(waiting: RunFolder, timeline: Timeline) -> None:
    assert "nobody told in time whether objects.pods >= 50 within 30s" in not_come(waiting, 0)
    assert not_come(waiting, 1) == ""
    for event in (told("awaited", 3), told("came", 50, index=1)):
        timeline.add(event)
        assert not_come(waiting, 0) != ""
    timeline.add(told("came", 51))
    assert not_come(waiting, 0) == ""


def test_one_that_was_missed_says_what_it_was(waiting: RunFolder, timeline: Timeline) -> None:
    timeline.add(told("missed", 12))
    words = "not injected: objects.pods >= 50 did not come in time: it was 12"
    assert not_come(waiting, 0) == words
    waited = wait_for_state(waiting, 0)
    assert waited is not None
    assert waited.event == "missed"


def test_it_is_waited_for_until_it_comes(waiting: RunFolder, timeline: Timeline) -> None:
    coming = told("came", 51)
    later = threading.Timer(0.3, timeline.add, [coming])
    later.start()
    assert wait_for_state(waiting, 0) == coming
    later.join()


def test_nobody_waits_once_the_drill_is_ended(
    waiting: RunFolder, timeline: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()
    for module in (awaited, progress):
        monkeypatch.setattr(module, "ENDED", ended)
    later = threading.Timer(0.3, ended.set)
    later.start()
    assert wait_for_state(waiting, 0) is None
    later.join()
