"""The watchdog: undoes everything when the runner is gone, and what outlives its time while it runs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from abandoned import abandon
from plain_faults import calls
from player import WITH_SHARED

from kubedrill.clock import SECOND, now
from kubedrill.process.child import Child
from kubedrill.process.identity import start_of
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.undo.clearing import KEPT
from kubedrill.undo.registry import is_registered, register

LONG_S = 60.0


class Watched:
    """A drill's folder, and the watchdog over it."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.ledger = Ledger(folder.ledger)
        self.log = folder.logs / "watchdog.log"
        command = [sys.executable, "-m", "kubedrill.undo.watchdog", "--run", str(folder.path)]
        command += ["--lock-fd", "0", "--runner", str(os.getpid())]
        self.watchdog = Child.start("watchdog", command, self.log, WITH_SHARED)
        self.watchdog.wait_ready(60)

    def runner_dies(self) -> int | None:
        """End the watchdog's stdin, as the runner's death does; return its exit code."""
        self.watchdog.end()
        return self.watchdog.wait(LONG_S)


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))
    watched = Watched(abandon(tmp_path / "reports", tmp_path / "broken"))
    yield watched
    watched.watchdog.end()
    watched.watchdog.kill()


def wait_until_gone(path: Path) -> None:
    deadline = time.monotonic() + LONG_S
    while path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not path.exists()


def test_what_is_open_when_the_runner_dies_is_undone(watched: Watched, tmp_path: Path) -> None:
    time.sleep(1)
    assert (tmp_path / "broken").exists(), "not before the runner is gone"
    assert watched.runner_dies() == 0
    assert not (tmp_path / "broken").exists()
    assert watched.ledger.open_entries() == []
    assert len(calls(tmp_path / "broken")) == 1


def test_what_takes_long_to_undo_has_the_time_that_its_fault_says(
    watched: Watched, tmp_path: Path
) -> None:
    """Longer than a fault that says nothing of it, and all the same before the watchdog's end."""
    slow = {
        "path": str(tmp_path / "slow"),
        "seconds": max(step.limit_s for step in KEPT if "fault" in step.kinds) + 1,
    }
    (tmp_path / "slow").touch()
    watched.ledger.intend("fault", "slow", ("plain_faults", "undo"), slow, limit_s=60)
    assert watched.runner_dies() == 0
    assert not (tmp_path / "slow").exists()
    assert watched.ledger.open_entries() == []
    assert "not undone" not in watched.log.read_text()


def test_it_outlives_the_signals_of_a_terminal(watched: Watched, tmp_path: Path) -> None:
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        os.kill(watched.watchdog.pid, number)
    time.sleep(0.5)
    assert watched.watchdog.poll() is None
    assert watched.runner_dies() == 0
    assert not (tmp_path / "broken").exists()


def test_processes_of_the_drill_are_ended(watched: Watched) -> None:
    sleeper = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    try:
        started = start_of(sleeper.pid)
        arguments = {"pid": sleeper.pid, "started": started}
        undo = ("kubedrill.process.child", "kill_process")
        watched.ledger.intend("process", "load-list", undo, arguments)
        watched.runner_dies()
        assert sleeper.wait(LONG_S) == -signal.SIGKILL
    finally:
        sleeper.kill()
        sleeper.wait()


def test_a_fault_that_outlives_its_time_is_undone_while_the_drill_runs(
    watched: Watched, tmp_path: Path
) -> None:
    overdue, in_time = tmp_path / "overdue", tmp_path / "in-time"
    for path, left in ((overdue, SECOND // 2), (in_time, 60 * SECOND)):
        path.touch()
        undo = ("plain_faults", "undo")
        watched.ledger.intend("fault", path.name, undo, {"path": str(path)}, now() + left)
    wait_until_gone(overdue)
    give_up = time.monotonic() + LONG_S
    while "overdue" in [entry.name for entry in watched.ledger.open_entries()]:
        assert time.monotonic() < give_up
        time.sleep(0.02)
    assert in_time.exists()
    assert watched.watchdog.poll() is None


def test_an_overdue_undo_that_hangs_keeps_no_other_waiting(
    watched: Watched, tmp_path: Path
) -> None:
    """Both are due: the newest, which is begun first, waits for the other's end."""
    older, newer = tmp_path / "older", tmp_path / "newer"
    older.touch()
    undo, due = ("plain_faults", "undo"), now() + SECOND
    watched.ledger.intend("fault", "older", undo, {"path": str(older)}, due)
    hangs = {"path": str(older)}
    watched.ledger.intend("fault", "newer", ("plain_faults", "wait_until_gone"), hangs, due)
    wait_until_gone(older)
    assert not newer.exists()
    assert watched.watchdog.poll() is None


def test_what_cannot_be_undone_is_logged_with_what_to_do(watched: Watched) -> None:
    watched.ledger.intend("fault", "stubborn", ("plain_faults", "fail"), {"path": "it"})
    watched.runner_dies()
    assert (
        "stubborn: RuntimeError: it cannot be broken; run: kubedrill heal"
        in watched.log.read_text()
    )
    assert [entry.name for entry in watched.ledger.open_entries()] == ["stubborn"]


def test_a_drill_that_ended_well_leaves_it_nothing_to_do(watched: Watched) -> None:
    register(watched.folder)
    for entry in watched.ledger.open_entries():
        watched.ledger.undone(entry.id)
    assert watched.runner_dies() == 0
    assert not is_registered(watched.folder), "the runner was killed before it had forgotten it"
    assert watched.log.read_text() == ""
