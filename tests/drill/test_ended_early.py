"""A drill that is ended by any signal, in any phase, leaves nothing behind and says so."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from drills import Drills, RunningDrill

from kubedrill.record.ledger import Ledger

pytestmark = pytest.mark.cluster

CLEAN_UP_S = 15
PHASES = {"warmup": "1s", "baseline": "1s", "fault": "3s", "recovery": "3s"}
CHANGES = {
    "phases": PHASES,
    "faults": [{"etcd.kill": {"member": "leader"}}],
    "slos": {},
    "seed": {"pods": 20},
}


@pytest.fixture
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of its own: the drill brings up, and must destroy, its own cluster."""
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def left_processes(state: Path) -> list[str]:
    """Return what still runs and names the drill's state folder or was started by it."""
    left = []
    for process in psutil.process_iter():
        try:
            command = " ".join(process.cmdline())
            environment = process.environ()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if process.pid != os.getpid() and environment.get("KUBEDRILL_STATE") == str(state):
            left.append(f"{process.pid} {command[:120]}")
    return left


def left_namespaces(before: set[str]) -> set[str]:
    """Return the network namespaces that were not there before."""
    return namespaces() - before


def namespaces() -> set[str]:
    """Return the names of the network namespaces."""
    folder = Path("/run/netns")
    return {one.name for one in folder.iterdir()} if folder.exists() else set()


def wait_until_clean(state: Path, before: set[str], running: RunningDrill) -> None:
    deadline = time.monotonic() + CLEAN_UP_S
    while time.monotonic() < deadline:
        left = left_processes(state)
        if not left and not left_namespaces(before):
            break
        time.sleep(0.2)
    assert left_processes(state) == []
    assert left_namespaces(before) == set()
    assert Ledger(running.folder.ledger).open_entries() == []


@pytest.mark.parametrize("phase", ["set-up", *PHASES])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left(
    number: signal.Signals, phase: str, own_state: Path, drill: Drills
) -> None:
    before = namespaces()
    running = drill("ended", CHANGES)
    if phase == "set-up":
        running.wait_for("a network namespace", lambda: left_namespaces(before))
    else:
        running.wait_for_phase(phase)
    time.sleep(0.5)
    running.process.send_signal(number)
    wait_until_clean(own_state, before, running)
    samples = list(running.folder.samples.glob("probe.*"))
    assert phase == "set-up" or samples
    judged = subprocess.run(
        [sys.executable, "-m", "kubedrill", "judge", str(running.folder.path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert judged.returncode == 2, judged.stdout + judged.stderr
    assert "INVALID" in judged.stdout
    assert "interrupted" in judged.stdout
    if number != signal.SIGKILL:
        assert running.process.wait(5) == 2


def test_a_second_ctrl_c_does_not_break_the_clean_up(own_state: Path, drill: Drills) -> None:
    before = namespaces()
    running = drill("twice", CHANGES)
    running.wait_for_phase("fault")
    for _ in range(3):
        running.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID")
    wait_until_clean(own_state, before, running)
