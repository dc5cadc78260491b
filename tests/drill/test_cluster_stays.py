"""A drill that is ended by any signal, in any phase, leaves a cluster that was up as it was, and says so."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from drills import Drills, RunningDrill
from ended import (
    LEADER_KILLED,
    ONE_ZONE,
    PHASES,
    check_judged,
    check_samples,
    not_running,
    wait_for_the_fault,
    wait_until_cleared,
)

from kubedrill.cluster import cluster_folder
from kubedrill.cluster.api import Api
from kubedrill.cluster.etcd import healthy
from kubedrill.record.clock import now
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.labels import RUN
from kubedrill.wire.target import identity_target

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
UNSEEDED = {name: value for name, value in ONE_ZONE.items() if name != "seed"}
"""Namespaces take five seconds to go."""


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[signal.Signals, Path]]:
    """A state folder for each signal, with a small cluster that is up."""
    top = tmp_path_factory.mktemp("clusters")
    (top / "clusters").mkdir()
    (top / "clusters" / "one-zone.yaml").write_text("provider: local\nzones: [a]\n")
    folders = {number: top / number.name for number in SIGNALS}

    def each(what: str) -> None:
        command = [sys.executable, "-m", "kubedrill", "cluster", what, "one-zone"]
        started = [
            subprocess.Popen(command, cwd=top, env={**os.environ, "KUBEDRILL_STATE": str(folder)})
            for folder in folders.values()
        ]
        assert [one.wait(60) for one in started] == [0] * len(started)

    each("up")
    yield folders
    each("down")


@pytest.mark.parametrize("phase", PHASES)
def test_any_signal(phase: str, states: dict[signal.Signals, Path], drill: Drills) -> None:
    """Four drills at a time, each on a cluster of its own."""
    with ThreadPoolExecutor() as threads:
        ended = [threads.submit(end, drill, *one, phase) for one in states.items()]
    for one in ended:
        one.result()


def end(drill: Drills, number: signal.Signals, state: Path, phase: str) -> None:
    cluster = ClusterRecord.read(cluster_folder("one-zone", state) / "cluster.json")
    running = drill(f"ended-{number.name.lower()}", UNSEEDED, state=state)
    if phase == "fault":
        victim = wait_for_the_fault(running, cluster)
    else:
        running.wait_for_phase(phase)
        time.sleep(0.5)
    signalled = now()
    running.process.send_signal(number)
    check_ended(running, cluster, number, signalled)
    if phase == "fault" and number != signal.SIGKILL:
        exits = [line["event"] for line in running.events("component", victim)]
        assert exits[:1] == ["exited"]


def test_the_leader_of_three_and_what_was_seeded(cluster: ClusterRecord, drill: Drills) -> None:
    running = drill("mended", LEADER_KILLED)
    wait_for_the_fault(running, cluster)
    signalled = now()
    running.process.send_signal(signal.SIGKILL)
    check_ended(running, cluster, signal.SIGKILL, signalled)
    assert seeded(cluster, running.folder.run) == 0


def check_ended(
    running: RunningDrill, cluster: ClusterRecord, number: signal.Signals, signalled: int
) -> None:
    wait_until_cleared(running)
    assert not_running(cluster) == []
    assert all(healthy(cluster, zone, 1) for zone in cluster.zones)
    check_samples(running, signalled)
    check_judged(running, number)


def seeded(cluster: ClusterRecord, run: str) -> int:
    """Return how many namespaces of the run there are."""
    target, token = identity_target(cluster, "admin")
    with closing(Api(target, token)) as api:
        answer = api.call("GET", f"/api/v1/namespaces?labelSelector={RUN}%3D{run}")
    return len(json.loads(answer.body)["items"])
