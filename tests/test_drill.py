"""What the runner does around the phases: who is lost, what is left of a drill that was not started."""

import io
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from kubedrill import cluster
from kubedrill.clock import SECOND, ClockPair, now
from kubedrill.drill import Drill
from kubedrill.process.child import Child, ChildFailed
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Phase, Schedule
from kubedrill.record.timeline import read_timeline
from kubedrill.run import withdraw


@pytest.fixture
def drill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Drill:
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))
    return Drill(RunFolder.create(tmp_path, "x"), "nowhere", on_event=lambda _: None)


@pytest.fixture
def guarded(drill: Drill) -> Iterator[Drill]:
    with cluster.lock("nowhere") as lock:
        drill.guard(lock.fileno())
        yield drill
    drill.clear(keep_cluster=False)


def schedule(drill: Drill) -> Schedule:
    phases = (Phase("fault", now(), now() + 60 * SECOND),)
    return Schedule("x", drill.folder.run, "t", "w", None, "nowhere", ClockPair.read(), phases)


def test_a_watchdog_that_dies_is_a_lost_child(guarded: Drill) -> None:
    plan = schedule(guarded)
    guarded.look(plan)
    guarded.check_watchdog()
    assert guarded.watchdog
    os.kill(guarded.watchdog.pid, signal.SIGKILL)
    guarded.watchdog.process.wait(60)
    guarded.look(plan)
    guarded.look(plan)
    with pytest.raises(ChildFailed, match=r"watchdog ended with -9; see .*/logs/watchdog\.log"):
        guarded.check_watchdog()
    [lost] = read_timeline(guarded.folder.timeline)
    assert (lost.kind, lost.name, lost.status) == ("child", "watchdog", -9)


@pytest.mark.parametrize("role", ["load-list", "prober", "scraper", "auditor", "faults"])
@pytest.mark.parametrize("status", [0, 1])
def test_a_child_that_ends_before_the_drill_does_ends_it(
    drill: Drill, role: str, status: int
) -> None:
    plan = schedule(drill)
    child = Child.start(role, ["sh", "-c", f"read end; exit {status}"], drill.folder.logs / role)
    drill.children.append(child)
    drill.check_children(plan)
    child.end()
    child.process.wait(60)
    drill.look(plan)
    with pytest.raises(ChildFailed, match=rf"{role} ended with {status}; see .*/logs/{role}"):
        drill.check_children(plan)
    [lost] = read_timeline(drill.folder.timeline)
    assert (lost.kind, lost.name, lost.status) == ("child", role, status)
    over = replace(plan, phases=(Phase("fault", 0, now()),))
    drill.check_children(over)  # at its end, all end by themselves
    drill.clear(keep_cluster=False)


def test_children_that_do_not_end_share_one_deadline(
    drill: Drill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kubedrill.children.ENDING_S", 3.0)
    for role in ("one", "two", "three"):
        child = Child.start(role, ["sleep", "1000"], drill.folder.logs / role)
        drill.children.append(child)
    begun = time.monotonic()
    assert drill.clear(keep_cluster=False) == []
    assert 3 <= time.monotonic() - begun < 3 * 3
    assert [child.poll() for child in drill.children] == [-9, -9, -9]


def test_nothing_stays_of_a_drill_that_was_not_started(drill: Drill) -> None:
    withdraw(drill, Console(file=io.StringIO()))
    assert not drill.folder.path.exists()
    assert not (drill.folder.path.parent / "latest").is_symlink()


def test_its_folder_stays_if_something_of_it_does(drill: Drill) -> None:
    said = io.StringIO()
    drill.ledger.intend("fault", "stubborn", ("plain_faults", "fail"), {"path": "it"})
    withdraw(drill, Console(file=said, width=200))
    assert said.getvalue() == (
        "not undone: stubborn: RuntimeError: it cannot be broken; run: kubedrill heal\n"
    )
    assert [entry.name for entry in drill.ledger.open_entries()] == ["stubborn"]
    assert (drill.folder.path.parent / "latest").resolve() == drill.folder.path
