"""Two faults on one target, on the real control plane: the first undo does not lift the second."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from json_lines import read_lines

from kubedrill.cluster.provider import handle_of
from kubedrill.faults.lifecycle import inject, undo
from kubedrill.faults.progress import FaultFailed
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.ledger import undo as undo_open

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

ON_C = {"zone": "c"}


@pytest.fixture
def folder(cluster: ClusterRecord, tmp_path: Path) -> Iterator[RunFolder]:
    folder = RunFolder.create(tmp_path, "twice")
    cluster.write(folder.cluster)
    yield folder
    assert undo_open(Ledger(folder.ledger)) == []
    assert handle_of(cluster).in_force() == ()


def state(cluster: ClusterRecord, component: str = "kube-scheduler-c") -> str:
    return handle_of(cluster).components()[component].state


PAUSE, KILL = "kube-scheduler.pause", "kube-scheduler.kill"


@pytest.mark.parametrize("first_undone", [0, 1])
def test_a_kill_of_what_is_paused(cluster: ClusterRecord, folder: RunFolder, first_undone: int):
    run = str(folder.path)
    faults = [PAUSE, KILL]
    for index, fault in enumerate(faults):
        inject(fault, ON_C, run, index)
    said = undo(faults[first_undone], run, first_undone)
    other = 1 - first_undone
    assert f"{faults[other]} is, on the same" in said["proof"]
    assert state(cluster) == ("held" if other else "paused")
    said = undo(faults[other], run, other)
    assert said["proof"].startswith("/healthz of kube-scheduler-c: 200")
    events = {line["event"] for line in read_lines(folder.faults)}
    assert events == {"injecting", "injected", "took-effect", "undoing", "undone"}


def test_a_zone_that_is_cut_off_and_lost(cluster: ClusterRecord, folder: RunFolder):
    if "cutting link" not in cluster.capabilities:
        pytest.skip("its zones have no links")
    run = str(folder.path)
    inject("zone.partition", ON_C, run, 0)
    inject("zone.lose", ON_C, run, 1)
    said = undo("zone.partition", run, 0)
    assert "zone.lose is, on the same" in said["proof"]
    assert state(cluster) == "held"
    undo("zone.lose", run, 1)
    assert state(cluster) == "running"
    assert "failed" not in {line["event"] for line in read_lines(folder.faults)}


def test_what_did_not_last_is_told_before_whatever_becomes_of_its_undo(
    cluster: ClusterRecord, folder: RunFolder
):
    run = str(folder.path)
    inject(KILL, ON_C, run, 0)
    handle_of(cluster).holding.release("kube-scheduler-c")
    with pytest.raises(FaultFailed, match="was running again"):
        undo(KILL, run, 0)
    told = [line["event"] for line in read_lines(folder.faults)]
    assert told.index("failed") < told.index("undoing") < told.index("undone")
    assert told.count("failed") == 1


def test_an_undo_of_what_ends_again_and_again_says_so_and_what_it_said_last(
    cluster: ClusterRecord, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
):
    run, name = str(folder.path), "kube-scheduler-c"
    inject(KILL, ON_C, run, 0)
    identity = Path(cluster.folder) / "pki" / "scheduler-c.kubeconfig"
    aside = identity.rename(identity.with_suffix(".aside"))
    monkeypatch.setattr("kubedrill.faults.led.OnLed.return_s", 5.0)
    try:
        with pytest.raises(FaultFailed) as failed:
            undo(KILL, run, 0)
    finally:
        aside.rename(identity)
    assert f"kube-scheduler.kill on {name}: after 5 s" in str(failed.value)
    assert f"last line of {name}'s log: " in str(failed.value)
    assert Ledger(folder.ledger).open_fault("fault", 0) is not None
    monkeypatch.setattr("kubedrill.faults.led.OnLed.return_s", 60.0)
    undo(KILL, run, 0)
    assert state(cluster) == "running"
