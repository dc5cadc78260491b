"""What a drill stands on gives way while a fault is in force: it is undone, and nobody believes the run."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from commanding import kubedrill
from drills import Drills, RunningDrill, reasons
from ended import left_processes, not_running
from small_disk import fill, mounted

from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.ledger import Ledger
from kubedrill.undo.registry import registered

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.breaks,
    pytest.mark.torture,
    pytest.mark.timeout(900),
]

VICTIM = "kube-scheduler-b"
FAULT = {
    "faults": [{"kube-scheduler.kill": {"zone": "b"}}],
    "phases": {"warmup": "1s", "baseline": "1s", "fault": "6s", "recovery": "3s"},
    "slos": {"recovery": ["list.error_rate < 50%"]},
}
SLOW_S = 240
"""For a drill to come so far, on a slow machine, beside others."""
MENDED_S = 60
"""Well before the lease of what is held ends, which is 90 s after its undo was due."""


def wait_for_the_fault(running: RunningDrill, cluster: ClusterRecord) -> None:
    """Wait until the victim is down, and proven to be."""
    faults = running.folder.faults
    running.wait_for(
        "a fault", lambda: faults.exists() and "took-effect" in faults.read_text(), SLOW_S
    )
    assert not_running(cluster) == [VICTIM]


def end_of(running: RunningDrill, cluster: ClusterRecord) -> tuple[int, str]:
    """Wait until the victim is back; return the drill's exit code, and what it printed."""
    deadline = time.monotonic() + MENDED_S
    while not_running(cluster):
        assert time.monotonic() < deadline, running.output()
        time.sleep(0.1)
    said = running.process.communicate(timeout=600)[0]
    while left := left_processes(running):
        assert time.monotonic() < deadline + MENDED_S, left
        time.sleep(0.1)
    return running.process.returncode, said


def is_no_pass(running: RunningDrill) -> bool:
    """Whether what stands in the folder, if anything does, is no PASS."""
    verdict = running.folder.verdict
    with suppress(FileNotFoundError, ValueError):  # nothing, or half of it, could be written
        return bool(json.loads(verdict.read_text())["verdict"] == "INVALID")
    return True


def heal(running: RunningDrill) -> None:
    """Heal, now that all is writable again; nothing is left then, nor remembered."""
    healed = kubedrill("heal", "--reports", running.reports)
    assert healed.returncode == 0, healed.stdout + healed.stderr
    assert Ledger(running.folder.ledger).open_entries() == []
    assert [*registered()] == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The reports' folder on a disk of 256 MiB of its own."""
    with mounted(tmp_path / "reports", "256m") as folder:
        yield folder


def test_the_disk_is_full(cluster: ClusterRecord, small_disk: Path, drill: Drills) -> None:
    running = drill("full", FAULT)
    wait_for_the_fault(running, cluster)
    filler = fill(small_disk)
    code, said = end_of(running, cluster)
    assert code == 2, said
    assert is_no_pass(running), said
    assert "No space left on device" in said, said
    filler.unlink()
    heal(running)


def test_nothing_can_be_written_any_more(cluster: ClusterRecord, drill: Drills) -> None:
    """A root who may not what root may is stopped by the modes of files as anybody is."""
    lacks = "-dac_override,-dac_read_search,-fowner"
    within = ["setpriv", f"--bounding-set={lacks}", f"--inh-caps={lacks}"]
    running = drill("unwritable", FAULT, within=within)
    wait_for_the_fault(running, cluster)
    folders = [running.reports, *(path for path in running.reports.rglob("*") if path.is_dir())]
    files = [path for path in running.reports.rglob("*") if path.is_file()]
    for path in (*files, *folders):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        code, said = end_of(running, cluster)
        assert code == 2, said
        assert not running.folder.verdict.exists()
        assert "Permission denied" in said, said
    finally:
        for path in (*folders, *files):
            path.chmod(0o755 if path.is_dir() else 0o644)
    heal(running)


@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_the_ledger_is_cut(cluster: ClusterRecord, drill: Drills, kept: float) -> None:
    """To nothing, or in the midst of a line."""
    running = drill("cut", FAULT)
    wait_for_the_fault(running, cluster)
    ledger = running.folder.ledger
    os.truncate(ledger, round(ledger.stat().st_size * kept))
    code, said = end_of(running, cluster)
    assert code == 2, said
    verdict = json.loads(running.folder.verdict.read_text())
    assert verdict["verdict"] == "INVALID"
    assert "ledger.jsonl" in reasons(verdict), said
    assert " ".join(said.split()).count("ledger.jsonl has lost its entry") == 1, said


STEPPED = '''
"""Lets the wall clock of this process be ahead by what stands in a file, once there is one."""

import os
import time
from pathlib import Path

_real, _file = time.time_ns, Path(os.environ["KUBEDRILL_TEST_STEP"])


def _time_ns():
    return _real() + (int(_file.read_text()) if _file.exists() else 0)


time.time_ns = _time_ns
time.time = lambda: _time_ns() / 1e9
'''


@pytest.mark.parametrize("seconds", [-3600, 2])
def test_the_clock_is_stepped(
    cluster: ClusterRecord, drill: Drills, tmp_path: Path, seconds: int
) -> None:
    """The clock of all of the drill's own processes: no namespace has a wall clock of its own."""
    (tmp_path / "early").mkdir()
    (tmp_path / "early" / "sitecustomize.py").write_text(STEPPED)
    step = tmp_path / "step"
    environment = {"PYTHONPATH": str(tmp_path / "early"), "KUBEDRILL_TEST_STEP": str(step)}
    running = drill("stepped", FAULT, environment=environment)
    wait_for_the_fault(running, cluster)
    ahead = tmp_path / "ahead"
    ahead.write_text(str(seconds * 1_000_000_000))
    ahead.rename(step)
    code, said = end_of(running, cluster)
    assert code == 2, said
    told = reasons(json.loads(running.folder.verdict.read_text()))
    assert f"fault: machine: its wall clock was stepped by {seconds:.1f} s" in told, told
