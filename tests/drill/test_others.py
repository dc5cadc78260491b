"""Others on the machine: the drill is INVALID and names them, whatever the cluster did meanwhile."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from drills import Drills, reasons

from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.lines import read_lines, read_whole
from kubedrill.record.machine import Calibration, MachineLook

pytestmark = [pytest.mark.cluster, pytest.mark.alone]

DISK_HOG = "while :; do dd if=/dev/zero of={} bs=1M count=200 conv=fdatasync; done"
Hog = Callable[[list[str]], None]
CHANGES: dict[str, Any] = {"phases": {"warmup": "1s", "baseline": "8s"}}


@pytest.fixture
def hog() -> Iterator[Hog]:
    """Start a program that belongs to nobody's drill; it is ended with the test, with its children."""
    running: list[subprocess.Popen[bytes]] = []

    def start(command: list[str]) -> None:
        running.append(subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True))

    yield start
    for process in running:
        with suppress(ProcessLookupError):  # of a test that has failed it is ended already
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_busy_process_is_named(cluster: ClusterRecord, drill: Drills, hog: Hog) -> None:
    hog([sys.executable, "-c", "while True: pass"])
    code, verdict = drill("busy-machine", CHANGES, shared=False).finish()
    assert (code, verdict["verdict"]) == (2, "INVALID"), reasons(verdict)
    assert re.search(r"baseline: machine: others took \d+% of its CPU: .*python", reasons(verdict))


def test_a_process_that_keeps_the_disk_busy_is_named(
    cluster: ClusterRecord, drill: Drills, hog: Hog, tmp_path: Path
) -> None:
    hog(["sh", "-c", DISK_HOG.format(tmp_path / "hog")])
    code, verdict = drill("busy-disk", CHANGES, shared=False).finish()
    assert (code, verdict["verdict"]) == (2, "INVALID"), reasons(verdict)
    # That its writes were slow, and not alone that somebody else wrote. Who waits for dd wrote what dd did.
    slow = r"baseline: machine: \d+% of the writes to the disk of reports/ took more than \d+ ms .*\bdd\b"
    assert re.search(slow, reasons(verdict)), reasons(verdict)


def test_a_machine_that_is_shared_on_purpose_is_recorded_and_said(
    cluster: ClusterRecord, drill: Drills, hog: Hog
) -> None:
    hog([sys.executable, "-c", "while True: pass"])
    running = drill("shared-machine", CHANGES, shared=True)
    _, verdict = running.finish()
    assert "others took" not in reasons(verdict)
    assert "shared on purpose" in verdict["notes"][0]
    assert read_whole(running.folder.machine, Calibration).others_share > 0.2
    looks = read_lines(running.folder.machine_looks, MachineLook)
    assert max(look.others_s for look in looks) > 0.4
