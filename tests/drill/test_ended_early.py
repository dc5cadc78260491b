"""A drill that is ended by any signal, in any phase, leaves nothing behind and says so."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from drills import Drills, RunningDrill

from kubedrill.cluster import cluster_folder
from kubedrill.cluster.local.zones import namespace_prefix
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


def left_namespaces(state: Path) -> list[str]:
    """Return the network namespaces of the drill's cluster."""
    prefix = namespace_prefix(cluster_folder("local-3az", state))
    return sorted(one.name for one in Path("/run/netns").glob(f"{prefix}*"))


def wait_until_clean(state: Path, running: RunningDrill) -> None:
    deadline = time.monotonic() + CLEAN_UP_S
    while time.monotonic() < deadline and (left_processes(state) or left_namespaces(state)):
        time.sleep(0.2)
    assert left_processes(state) == []
    assert left_namespaces(state) == []
    assert Ledger(running.folder.ledger).open_entries() == []


@pytest.mark.parametrize("phase", ["set-up", *PHASES])
@pytest.mark.parametrize(
    "signals", [(signal.SIGINT, signal.SIGKILL), (signal.SIGTERM, signal.SIGHUP)]
)
def test_nothing_is_left(
    signals: tuple[signal.Signals, ...], phase: str, drill: Drills, tmp_path: Path
) -> None:
    """Two drills at a time, each with a cluster of its own."""
    with ThreadPoolExecutor() as threads:
        ended = [
            threads.submit(end_one, drill, number, phase, tmp_path / number.name)
            for number in signals
        ]
    for one in ended:
        one.result()


def end_one(drill: Drills, number: signal.Signals, phase: str, state: Path) -> None:
    running = drill(f"ended-{number.name.lower()}", CHANGES, state=state)
    if phase == "set-up":
        running.wait_for("a network namespace", lambda: left_namespaces(state))
    else:
        running.wait_for_phase(phase)
    time.sleep(0.5)
    running.process.send_signal(number)
    wait_until_clean(state, running)
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


def test_a_second_ctrl_c_does_not_break_the_clean_up(drill: Drills, tmp_path: Path) -> None:
    state = tmp_path / "state"
    running = drill("twice", CHANGES, state=state)
    running.wait_for_phase("fault")
    for _ in range(3):
        running.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID")
    wait_until_clean(state, running)
