"""Root may stop anybody's drill; here it is two processes of another user."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.lines import read_sound_lines
from kubedrill.record.stopping import StopRequest
from kubedrill.record.timeline import EVENT, DrillInterrupted
from kubedrill.undo.stop import stop

NOBODY = 65534
RUNNER = f"""
import os, signal, subprocess, sys
from kubedrill.record.folder import RunFolder
from kubedrill.record.stopping import interrupted
from kubedrill.record.timeline import Timeline
os.setgroups([])
os.setgid({NOBODY})
os.setuid({NOBODY})
folder = RunFolder(__import__("pathlib").Path(sys.argv[1]))
words = ["kubedrill.undo.watchdog", "--run", sys.argv[1], "--runner", str(os.getpid())]
watchdog = subprocess.Popen(["/bin/sh", "-c", "read _", *words], stdin=subprocess.PIPE)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print("ready", flush=True)
signal.sigwait([signal.SIGTERM])
Timeline(folder.timeline).add(interrupted(folder, "SIGTERM"))
watchdog.stdin.close()
watchdog.wait()
"""
"""The runner of a drill, as far as `stop` meets it: it ends for SIGTERM, and takes what was left for it."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunFolder]:
    """The folder of a drill of somebody else, which runs."""
    state = tmp_path / "state"
    monkeypatch.setenv("KUBEDRILL_STATE", str(state))
    run = RunFolder.create(tmp_path, "others")
    arguments = {"name": "theirs", "state": str(state), "cluster_id": "c"}
    Ledger(run.ledger).begin()
    Ledger(run.ledger).intend("cluster", "theirs", ("kubedrill.cluster", "down"), arguments)
    for path in (run.path, *run.path.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    for parent in run.path.parents:
        if parent.stat().st_mode & 0o011 != 0o011:
            parent.chmod(parent.stat().st_mode | 0o011)
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, str(run.path)], stdout=subprocess.PIPE)
    assert runner.stdout is not None
    assert runner.stdout.readline() == b"ready\n"
    yield run
    runner.kill()
    runner.wait()
    runner.stdout.close()


@pytest.mark.skipif(os.getuid() != 0, reason="root stops another user's drill")
def test_root_stops_another_users_drill_and_is_named_in_it(folder: RunFolder) -> None:
    said: list[str] = []
    stop("theirs", StopRequest(by="root", why="the pager went off"), said.append)
    assert said[0].startswith(f"{folder.path}: asked to stop (pid ")
    [event] = read_sound_lines(folder.timeline, EVENT)
    assert isinstance(event, DrillInterrupted)
    assert (event.by, event.why) == ("root", "the pager went off")
    assert not (folder.path / "stop.json").exists()
