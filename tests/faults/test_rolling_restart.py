"""A rolling restart: never are two apiservers down at once, and one that comes to no end is told."""

import time
from contextlib import closing
from typing import Any

import pytest
from fault_observers import Processes

from kubedrill.cluster.provider import handle_of
from kubedrill.faults.lifecycle import inject, undo
from kubedrill.faults.progress import FaultFailed
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.faults import FaultLine
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.lines import read_lines

pytestmark = [pytest.mark.faults, pytest.mark.cluster, pytest.mark.breaks]


@pytest.mark.torture
def test_a_rolling_restart_that_did_not_come_to_its_end_is_told(
    cluster: ClusterRecord, folder: RunFolder
) -> None:
    before = handle_of(cluster).processes()
    inject("kube-apiserver.rolling_restart", {"zone": ["c", "a", "b"]}, str(folder.path))
    with pytest.raises(FaultFailed, match="kube-apiserver-b was not restarted"):
        undo("kube-apiserver.rolling_restart", str(folder.path))
    after = handle_of(cluster).processes()
    assert after["kube-apiserver-c"] != before["kube-apiserver-c"]
    assert after["kube-apiserver-b"] == before["kube-apiserver-b"]
    assert Ledger(folder.ledger).open_entries() == []


@pytest.mark.timeout(600)  # each may take a minute to end: who watches keeps it
def test_never_are_two_apiservers_down_in_a_rolling_restart(
    cluster: ClusterRecord, folder: RunFolder
) -> None:
    servers = [server.name for server in cluster.of_kind("kube-apiserver")]
    with closing(Processes(cluster)) as processes:
        inject("kube-apiserver.rolling_restart", {"zone": ["a", "b"]}, str(folder.path))
        most = 0
        while not all(processes.ended(server) for server in servers[:2]):
            states = handle_of(cluster).components()
            most = max(most, sum(states[server].state != "running" for server in servers))
            # All that were restarted before the last one are ready again.
            again = [server for server in servers if processes.ended(server)][:-1]
            assert [processes.answer(server) for server in again] == ["200"] * len(again)
            time.sleep(0.02)
    assert most == 1
    steps = [line for line in read_lines(folder.faults, FaultLine) if line.event == "step"]
    assert [line.target for line in steps] == servers[:2], "each was announced before it ended"
    undo("kube-apiserver.rolling_restart", str(folder.path))


@pytest.mark.parametrize(
    ("fault", "given"),
    [
        ("kube-apiserver.rolling_restart", {}),
        ("kube-apiserver.flags", {"set": {"goaway-chance": 0.01}}),
    ],
)
def test_what_is_done_in_turn_is_not_begun_unless_all_are_well(
    cluster: ClusterRecord, folder: RunFolder, fault: str, given: dict[str, Any]
) -> None:
    before = handle_of(cluster).components()["kube-apiserver-b"].pid
    inject("kube-apiserver.pause", {"zone": "a"}, str(folder.path))
    try:
        with pytest.raises(FaultFailed, match=f"{fault} begins only when every kube-apiserver"):
            inject(fault, {"zone": ["b"], **given}, str(folder.path), 1)
        assert len(Ledger(folder.ledger).open_entries()) == 1
        assert handle_of(cluster).components()["kube-apiserver-b"].pid == before
    finally:
        undo("kube-apiserver.pause", str(folder.path))
