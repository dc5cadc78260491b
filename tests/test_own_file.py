"""A Chaos Toolkit file of anybody's own has its cluster as a drill has, and is undone as a drill is."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from commanding import kubedrill
from json_lines import read_lines

from kubedrill import cluster as stage
from kubedrill.cluster.state import Busy, is_locked
from kubedrill.faults.lifecycle import inject, undo
from kubedrill.faults.progress import FaultFailed
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.undo.registry import is_registered

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

NAME = "local-3az"
FAULT = "etcd.kill"


@pytest.fixture
def folder(tmp_path: Path, cluster: ClusterRecord) -> RunFolder:
    """A folder made by hand, as the docs say: with `cluster.json`, and nothing else in it."""
    folder = RunFolder(tmp_path / "my-run")
    folder.path.mkdir()
    cluster.write(folder.cluster)
    return folder


@pytest.fixture
def chaos(folder: RunFolder) -> "Iterator[subprocess.Popen[bytes]]":
    """A member is killed by `chaos run`, and would be for longer than any test."""
    kill = action("kill", member="a", run="my-run") | {"pauses": {"after": 6000}}
    restore = action("restore", run="my-run")
    experiment = {"title": "t", "description": "d", "method": [kill], "rollbacks": [restore]}
    (folder.path.parent / "own.json").write_text(json.dumps(experiment))
    program = Path(sys.executable).with_name("chaos")
    command = [program, "--no-version-check", "--no-log-file", "run", "own.json"]
    process = subprocess.Popen(command, cwd=folder.path.parent, stderr=subprocess.DEVNULL)
    wait_for(lambda: "took-effect" in events(folder))
    yield process
    process.kill()
    process.wait()
    wait_for(lambda: not is_locked(NAME))


def action(function: str, **arguments: str) -> dict[str, Any]:
    provider = {"type": "python", "module": "kubedrill.faults.etcd", "func": function}
    return {"type": "action", "name": function, "provider": provider | {"arguments": arguments}}


def events(folder: RunFolder) -> list[str]:
    return [line["event"] for line in read_lines(folder.faults)] if folder.faults.exists() else []


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < deadline, "not within 240 s"
        time.sleep(0.05)


def left(folder: RunFolder) -> list[str]:
    return [entry.name for entry in Ledger(folder.ledger).open_entries()]


def test_stop_ends_it(chaos: "subprocess.Popen[bytes]", folder: RunFolder) -> None:
    with pytest.raises(Busy, match=rf"another drill is using the cluster {NAME} \({folder.path}, "):
        stage.lock(NAME)
    assert is_registered(folder)
    healed = kubedrill("heal", cwd=folder.path.parent)
    assert "left alone: it still runs" in healed.stdout, healed
    assert left(folder) == [FAULT]
    stopped = kubedrill("stop", NAME, "--why", "enough")
    assert stopped.returncode == 0, stopped
    assert f"undone: {FAULT}" in stopped.stdout
    assert chaos.wait(240) != 0
    assert left(folder) == []
    assert not is_locked(NAME)
    assert not is_registered(folder)


DEAF = """
import signal, sys, time
from kubedrill.faults.lifecycle import inject
signal.signal(signal.SIGTERM, signal.SIG_IGN)
inject("etcd.kill", {"member": "a"}, "my-run")
print("killed", flush=True)
time.sleep(6000)
"""


def test_stop_undoes_it_though_who_plays_it_goes_on(folder: RunFolder) -> None:
    command = [sys.executable, "-c", DEAF]
    with subprocess.Popen(command, cwd=folder.path.parent, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"killed\n"
        stopped = kubedrill("stop", NAME, "--why", "enough")
        lives = process.poll() is None
        process.kill()
    assert stopped.returncode == 0, stopped
    assert f"undone: {FAULT}" in stopped.stdout
    assert lives
    assert left(folder) == []
    assert not is_locked(NAME)


def test_what_it_leaves_when_it_is_killed_is_undone(
    chaos: "subprocess.Popen[bytes]", folder: RunFolder
) -> None:
    chaos.send_signal(signal.SIGKILL)
    chaos.wait()
    wait_for(lambda: not is_locked(NAME))
    assert left(folder) == []
    assert not is_registered(folder)


def test_it_has_the_cluster_for_as_long_as_something_is_broken(folder: RunFolder) -> None:
    run = str(folder.path)
    with stage.lock(NAME), pytest.raises(FaultFailed, match="another drill is using the cluster"):
        inject(FAULT, {"member": "a"}, run)
    assert left(folder) == []
    with pytest.raises(FaultFailed, match="no member"):
        inject(FAULT, {"member": "z"}, run)
    assert not is_locked(NAME), "what was refused keeps nothing"
    inject(FAULT, {"member": "a"}, run)
    assert is_locked(NAME)
    inject("kube-scheduler.pause", {"zone": "a"}, run, 1)
    undo(FAULT, run)
    assert is_locked(NAME), "something is broken still"
    undo("kube-scheduler.pause", run, 1)
    assert not is_locked(NAME)
    assert not is_registered(folder)
