"""A drill that is ended by any signal, in any phase, leaves a cluster that was up as it was, and says so."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from drills import Drills
from ended import ONE_ZONE, PAIRS, PHASES, at_once, check_ended, wait_for_the_fault
from thinned import thinned

from kubedrill.clock import now
from kubedrill.cluster import cluster_folder
from kubedrill.record.cluster import ClusterRecord

pytestmark = [pytest.mark.cluster, pytest.mark.own]

UNSEEDED = {name: value for name, value in ONE_ZONE.items() if name != "seed"}
"""Namespaces take five seconds to go."""


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Path]]:
    """Two state folders, each with a small cluster that is up."""
    top = tmp_path_factory.mktemp("clusters")
    (top / "clusters").mkdir()
    (top / "clusters" / "one-zone.yaml").write_text("provider: local\nzones: [a]\n")
    folders = [top / "first", top / "second"]

    def each(what: str) -> None:
        command = [sys.executable, "-m", "kubedrill", "cluster", what, "one-zone"]
        started = [
            subprocess.Popen(command, cwd=top, env={**os.environ, "KUBEDRILL_STATE": str(folder)})
            for folder in folders
        ]
        assert [process.wait(60) for process in started] == [0] * len(started)

    try:
        each("up")
        yield folders
    finally:
        each("down")


@pytest.mark.parametrize(("signals", "phase"), thinned(PAIRS, PHASES, keep_one_in=4))
def test_any_signal(
    signals: tuple[signal.Signals, ...], phase: str, states: list[Path], drill: Drills
) -> None:
    """Two drills at a time, each on a cluster of its own."""
    at_once(end, ((drill, *case, phase) for case in zip(signals, states, strict=True)))


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
