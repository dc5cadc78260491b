"""A drill that is ended by any signal, in any phase, leaves nothing behind and says so."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from drills import Drills, RunningDrill

from kubedrill.cluster import cluster_folder
from kubedrill.cluster.api import Api
from kubedrill.cluster.etcd import healthy
from kubedrill.cluster.handle import ClusterHandle
from kubedrill.cluster.local.zones import namespace_prefix
from kubedrill.judge.probes import Probes
from kubedrill.record.clock import SECOND, now
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.labels import RUN
from kubedrill.record.ledger import Ledger
from kubedrill.wire.target import identity_target

pytestmark = pytest.mark.cluster

CLEAN_UP_S = 15
PHASES = {"warmup": "1s", "baseline": "1s", "fault": "3s", "recovery": "3s"}
CHANGES = {
    "phases": PHASES,
    "faults": [{"etcd.kill": {"member": "leader"}}],
    "slos": {},
    "seed": {"pods": 20},
}
ONE_ZONE = {
    **CHANGES,
    "cluster": "one-zone",
    "faults": [{"etcd.kill": {"member": "a", "allow_quorum_loss": True}}],
}
"""Sooner up, where the fault is not in force."""


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
    folders = [cluster_folder(name, state) for name in ("local-3az", "one-zone")]
    prefixes = tuple(namespace_prefix(folder) for folder in folders)
    return sorted(one.name for one in Path("/run/netns").glob("*") if one.name.startswith(prefixes))


def wait_until_clean(state: Path, running: RunningDrill) -> None:
    deadline = time.monotonic() + CLEAN_UP_S
    while time.monotonic() < deadline and (left_processes(state) or left_namespaces(state)):
        time.sleep(0.2)
    assert left_processes(state) == []
    assert left_namespaces(state) == []
    assert Ledger(running.folder.ledger).open_entries() == []


def probed_until(running: RunningDrill, time_ns: int) -> bool:
    """Whether there are probes in the samples, and the last ones are those before the signal."""
    intended = Probes.read(running.folder).records["intended"]
    return len(intended) > 0 and int(intended.max()) > time_ns - SECOND


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
    changes = CHANGES if phase in ("set-up", "fault") else ONE_ZONE
    running = drill(f"ended-{number.name.lower()}", changes, state=state)
    if phase == "set-up":
        running.wait_for("a network namespace", lambda: left_namespaces(state))
    else:
        running.wait_for_phase(phase)
    time.sleep(0.5)
    signalled = now()
    running.process.send_signal(number)
    wait_until_clean(state, running)
    assert phase == "set-up" or probed_until(running, signalled)
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
    signalled = now()
    for _ in range(3):
        running.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID")
    wait_until_clean(state, running)
    assert probed_until(running, signalled)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_cluster_that_stays_is_mended(
    number: signal.Signals, cluster: ClusterRecord, drill: Drills
) -> None:
    running = drill(f"mended-{number.name.lower()}", CHANGES)
    running.wait_for_phase("fault")
    victim = running.wait_for("a held member", lambda: next(iter(not_running(cluster)), None))
    signalled = now()
    running.process.send_signal(number)
    wait_until_mended(cluster, running)
    if number == signal.SIGINT:
        code, verdict = running.finish()
        assert (code, verdict["verdict"]) == (2, "INVALID")
        exits = [line["event"] for line in running.events("component", victim)]
        assert exits[:1] == ["exited"]
    assert probed_until(running, signalled)


def wait_until_mended(cluster: ClusterRecord, running: RunningDrill) -> None:
    ledger = Ledger(running.folder.ledger)
    deadline = time.monotonic() + CLEAN_UP_S
    while time.monotonic() < deadline and ledger.open_entries():
        time.sleep(0.2)
    assert ledger.open_entries() == []
    assert not_running(cluster) == []
    assert all(healthy(cluster, zone, 1) for zone in cluster.zones)
    assert seeded(cluster, running.folder.run) == 0


def not_running(cluster: ClusterRecord) -> list[str]:
    """Return the components that are held down, or did not come up again."""
    states = ClusterHandle(cluster).components()
    return [name for name, one in states.items() if one.state != "running"]


def seeded(cluster: ClusterRecord, run: str) -> int:
    """Return how many namespaces of the run there are."""
    target, token = identity_target(cluster, "admin")
    with closing(Api(target, token)) as api:
        answer = api.call("GET", f"/api/v1/namespaces?labelSelector={RUN}%3D{run}")
    return len(json.loads(answer.body)["items"])
