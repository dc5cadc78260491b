"""`kubedrill stop` ends a drill in order, from another terminal, and the verdict says who asked and why."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from commanding import kubedrill
from drills import Drills, reasons
from ended import ONE_ZONE, PHASES, left_processes

from kubedrill.record.ledger import Ledger

pytestmark = [pytest.mark.cluster, pytest.mark.own]


LONG_FAULT = {**ONE_ZONE, "phases": {**PHASES, "fault": "300s"}}
"""It is in force as long as others ask, on however slow a machine."""
NOBODY = 65534
ASKING = f"""
import os, sys
import getpass, pwd, click, psutil
import kubedrill.cli, kubedrill.cli.safety, kubedrill.undo.stop
os.setgroups([])
os.setgid({NOBODY})
os.setuid({NOBODY})
os.environ["HOME"] = "/nonexistent"
sys.argv = ["kubedrill", "stop", *sys.argv[1:]]
kubedrill.cli.main()
"""
"""All is imported before: where Python is installed below root's home, nobody else could."""


def as_nobody(*words: str) -> "subprocess.CompletedProcess[str]":
    """Ask as an unprivileged user, who has no state folder."""
    given = {name: value for name, value in os.environ.items() if name != "KUBEDRILL_STATE"}
    return subprocess.run(
        [sys.executable, "-c", ASKING, *words],
        env=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@contextmanager
def opened_to_all(folder: Path) -> Iterator[None]:
    """Let everybody look into a folder for as long as this block lasts."""
    before = {parent: parent.stat().st_mode for parent in (folder, *folder.parents)}
    for parent, mode in before.items():
        if mode & 0o055 != 0o055:
            parent.chmod(mode | 0o055)
    try:
        yield
    finally:
        for parent, mode in before.items():
            if parent.stat().st_mode != mode:
                parent.chmod(stat.S_IMODE(mode))


@pytest.mark.skipif(os.getuid() != 0, reason="another user asks, which only root can become")
def test_a_drill_is_ended_in_order_and_says_by_whom(drill: Drills, tmp_path: Path) -> None:
    state = tmp_path / "state"
    running = drill("stopped", LONG_FAULT, state=state)
    running.wait_for_phase("fault")
    running.wait_for("the injection", lambda: Ledger(running.folder.ledger).open_fault("fault", 0))

    other = kubedrill("stop", "one-zone", KUBEDRILL_STATE=str(tmp_path / "another-state"))
    assert (other.returncode, running.process.poll()) == (3, None)
    assert "no drill runs on a cluster one-zone" in other.stderr

    path = running.folder.path
    refused = as_nobody("one-zone")
    assert (refused.returncode, running.process.poll()) == (3, None), refused.stderr
    # In a folder that is root's alone, nobody else sees whose cluster it is.
    assert "no drill that you may look into runs on a cluster one-zone" in refused.stderr
    assert f"root's (pid {running.process.pid})" in refused.stderr
    assert "ask as that user, or as root" in refused.stderr
    with opened_to_all(path):
        refused = as_nobody("one-zone")
    assert (refused.returncode, running.process.poll()) == (3, None), refused.stderr
    assert f"{path}: the drill is root's, and goes on" in refused.stderr
    assert "sudo kubedrill stop one-zone" in refused.stderr
    assert not (path / "stop.json").exists()

    done = kubedrill("stop", "one-zone", "--why", "the pager went off", KUBEDRILL_STATE=str(state))
    assert done.returncode == 0, done.stdout + done.stderr
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
    done = kubedrill("stop", "local-3az", KUBEDRILL_STATE=str(tmp_path))
    assert done.returncode == 3
    assert "no drill runs on a cluster local-3az" in done.stderr
