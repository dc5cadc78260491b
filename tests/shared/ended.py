"""What a drill that was ended early must have left, and must not have left."""

import json
import signal
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psutil
from commanding import kubedrill
from drills import MARK, RunningDrill
from leftovers import having

from kubedrill.clock import SECOND
from kubedrill.cluster.etcd import healthy
from kubedrill.cluster.provider import handle_of
from kubedrill.judge.ending import read_ending
from kubedrill.judge.probes import Probes
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.ledger import Entry, Ledger
from kubedrill.record.schedule import Schedule

CLEARED_S = 15
"""Within which nothing is broken or left, as docs/faults.md promises."""
SWEPT_S = 120
"""Within which what was seeded is swept from a cluster that stays, on a slow machine, beside others."""
PAIRS = [(signal.SIGINT, signal.SIGKILL), (signal.SIGTERM, signal.SIGHUP)]
PHASES = {"warmup": "1s", "baseline": "1s", "fault": "3s", "recovery": "3s"}
LEADER_KILLED = {
    "phases": PHASES,
    "faults": [{"etcd.kill": {"member": "leader"}}],
    "slos": {"recovery": ["eventually(etcd.healthy_members >= 1) within 2s"]},
    "seed": {"pods": 20},
}
ONE_ZONE = {
    **LEADER_KILLED,
    "cluster": "one-zone",
    "faults": [{"etcd.kill": {"member": "a", "allow_quorum_loss": True}}],
}
"""Sooner up."""


def at_once(end: Callable[..., None], calls: Iterable[tuple[object, ...]]) -> None:
    """Call `end` with each of these arguments, all at the same time; raise what one of them raised."""
    with ThreadPoolExecutor() as threads:
        ended = [threads.submit(end, *arguments) for arguments in calls]
    for future in ended:
        future.result()


def left_processes(running: RunningDrill) -> list[str]:
    """Return what still runs and was started by the drill, or by what it started.

    Not the drill itself, which still judges when all is cleared.
    """
    left = []
    for process, mark in having(MARK):
        if mark == running.mark and process.pid != running.process.pid:
            with suppress(psutil.NoSuchProcess):
                left.append(f"{process.pid} {' '.join(process.cmdline())[:120]}")
    return left


def not_running(cluster: ClusterRecord) -> list[str]:
    """Return the components that are held down, or did not come up again."""
    states = handle_of(cluster).components()
    return [name for name, state in states.items() if state.state != "running"]


def wait_for_the_fault(running: RunningDrill, cluster: ClusterRecord) -> str:
    """Wait until a component is held down; return its name."""
    running.wait_for_phase("fault")
    return str(running.wait_for("a held member", lambda: next(iter(not_running(cluster)), None)))


def wait_until_cleared(running: RunningDrill) -> None:
    """Wait until nothing stands open in the ledger and no process is left; fail if that takes too long."""
    ledger, signalled = Ledger(running.folder.ledger), time.monotonic()

    def left(*kinds: str) -> list[Entry]:
        return [entry for entry in ledger.open_entries() if not kinds or entry.what in kinds]

    sweeping = left("seed") and not left("cluster")
    while time.monotonic() < signalled + CLEARED_S and (left() or left_processes(running)):
        time.sleep(0.2)
    assert left("fault", "activity") == []
    while sweeping and time.monotonic() < signalled + SWEPT_S:
        sweeping = left() or left_processes(running)
        time.sleep(0.2)
    assert left() == [], left()
    assert left_processes(running) == [], left_processes(running)


def check_samples(running: RunningDrill, signalled: int) -> None:
    """Check that there are probes, and that the last ones are those before the signal (monotonic ns)."""
    folder = running.folder
    _, ending = read_ending(folder)
    schedule = Schedule.read(folder.schedule)
    probes = Probes.read(folder, schedule, ClusterRecord.read(folder.cluster), ending)
    intended = probes.records["intended"]
    assert len(intended)
    assert int(intended.max()) > signalled - SECOND


def check_judged(running: RunningDrill, number: signal.Signals) -> None:
    """Check what a drill that was ended by that signal said, its exit code, and what `judge` says."""
    if number != signal.SIGKILL:
        assert running.process.wait(60) == 2
        assert json.loads(running.folder.verdict.read_text())["verdict"] == "INVALID"
    judged = kubedrill("judge", running.folder.path)
    assert judged.returncode == 2, judged.stdout + judged.stderr
    assert "INVALID" in judged.stdout, judged.stdout
    said = f"{judged.stdout}\n{running.folder.timeline.read_text()}"
    assert "interrupted" in judged.stdout, said
    assert running.folder.manifest.exists() == (number != signal.SIGKILL)
    assert ("manifest.json: is missing" in judged.stdout) == (number == signal.SIGKILL)


def check_ended(
    running: RunningDrill, cluster: ClusterRecord, number: signal.Signals, signalled: int
) -> None:
    """Check that a cluster is as it was before the drill, and what is left of the drill."""
    wait_until_cleared(running)
    assert not_running(cluster) == []
    assert all(healthy(cluster, zone, 10) for zone in cluster.zones)
    check_samples(running, signalled)
    check_judged(running, number)
