"""Two faults on one target, on the real control plane: the first undo does not lift the second."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from json_lines import read_lines

from kubedrill.cluster.provider import handle_of
from kubedrill.faults.lifecycle import inject, undo
from kubedrill.faults.progress import FaultFailed
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.ledger import undo as undo_open

pytestmark = [pytest.mark.faults, pytest.mark.cluster, pytest.mark.breaks]

Until = Callable[..., object]

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
SLOW = {**ON_C, "cpus": 0.01}
PAIRS = [
    ((PAUSE, ON_C), (KILL, ON_C)),
    (("kube-scheduler.limit_cpu", SLOW), (KILL, ON_C)),
    (("kube-scheduler.flags", {**ON_C, "set": {"kube-api-qps": 20}}), (KILL, ON_C)),
    (("kube-apiserver.limit_cpu", SLOW), ("kube-apiserver.pause", ON_C)),
    (("load-balancer.remove_backend", ON_C), ("kube-apiserver.kill", ON_C)),
]


@pytest.mark.parametrize("first_undone", [0, 1])
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: " and ".join(name for name, _ in pair))
def test_the_first_undo_does_not_lift_the_second(
    cluster: ClusterRecord,
    folder: RunFolder,
    pair: tuple[tuple[str, dict[str, Any]], ...],
    first_undone: int,
    until: Until,
):
    until(lambda: "c" in handle_of(cluster).balancing.served())  # after whatever was before
    run = str(folder.path)
    for index, (fault, given) in enumerate(pair):
        inject(fault, given, run, index)
    entries = [Ledger(folder.ledger).open_fault("fault", index) for index in range(2)]
    handles = [handle_of(cluster, entry.id) for entry in entries]
    assert all(handle.in_force() for handle in handles)
    kept, then = handles[1 - first_undone].in_force(), 1 - first_undone
    undo(pair[first_undone][0], run, first_undone)
    assert handles[first_undone].in_force() == ()
    assert handles[then].in_force() == kept
    said = undo(pair[then][0], run, then)
    assert "on the same" not in said["proof"]
    events = {line["event"] for line in read_lines(folder.faults)}
    assert events - {"step"} == {"injecting", "injected", "took-effect", "undoing", "undone"}


def test_what_another_fault_keeps_from_being_well_is_told(
    cluster: ClusterRecord, folder: RunFolder
):
    run = str(folder.path)
    for index, fault in enumerate((PAUSE, KILL)):
        inject(fault, ON_C, run, index)
    assert f"{KILL} is, on the same" in undo(PAUSE, run, 0)["proof"]
    assert state(cluster) == "held"
    assert undo(KILL, run, 1)["proof"].startswith("/readyz of kube-scheduler-c: 200")


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
