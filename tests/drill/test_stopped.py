"""`kubedrill stop` ends a drill in order, from another terminal, and the verdict says who asked and why."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from drills import Drills, reasons
from ended import ONE_ZONE, left_processes

from kubedrill.record.ledger import Ledger

pytestmark = [pytest.mark.cluster, pytest.mark.own]


def stop(state: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "kubedrill", "stop", *words],
        env={**os.environ, "KUBEDRILL_STATE": str(state)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def test_a_drill_is_ended_in_order_and_says_by_whom(drill: Drills, tmp_path: Path) -> None:
    state = tmp_path / "state"
    running = drill("stopped", ONE_ZONE, state=state)
    running.wait_for_phase("fault")
    running.wait_for("the injection", lambda: Ledger(running.folder.ledger).open_fault("fault", 0))

    other = stop(tmp_path / "another-state", "one-zone")
    assert (other.returncode, running.process.poll()) == (3, None)
    assert "no drill runs on a cluster one-zone" in other.stderr

    done = stop(state, "one-zone", "--why", "the pager went off")
    assert done.returncode == 0, done.stdout + done.stderr
    path = running.folder.path
    assert f"{path}: asked to stop (pid {running.process.pid})" in done.stdout
    assert "  undone: etcd.kill" in done.stdout
    assert f"{path}: INVALID: stopped by " in done.stdout

    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID")
    assert "the pager went off" in reasons(verdict)
    assert Ledger(running.folder.ledger).open_entries() == []
    assert left_processes(running) == []
    assert not (path / "stop.json").exists()


def test_where_no_drill_runs_there_is_nothing_to_stop(tmp_path: Path) -> None:
    done = stop(tmp_path, "local-3az")
    assert done.returncode == 3
    assert "no drill runs on a cluster local-3az" in done.stderr
