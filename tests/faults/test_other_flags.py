"""Faults on flags: one component after the other, and what does not come up."""

import os
import signal
from collections.abc import Callable

import pytest
from fault_observers import Flagged

from kubedrill.cluster.provider import handle_of
from kubedrill.faults.catalogue import faults
from kubedrill.faults.lifecycle import inject, undo
from kubedrill.faults.progress import FaultFailed
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger

pytestmark = [pytest.mark.faults, pytest.mark.cluster, pytest.mark.breaks]

Until = Callable[[Callable[[], object]], None]

FAULT, QPS = "kube-scheduler.flags", {"kube-api-qps": 20}


def test_one_after_the_other_has_them_and_has_its_own_again(
    cluster: ClusterRecord, folder: RunFolder, until: Until
) -> None:
    seen = Flagged(cluster)
    schedulers = [found.name for found in cluster.of_kind("kube-scheduler")]
    inject(FAULT, {"zone": ["b", "c", "a"], "set": QPS}, str(folder.path))
    most = 0

    def all_are_hit() -> bool:
        nonlocal most
        states = handle_of(cluster).components()
        most = max(most, sum(states[name].state != "running" for name in schedulers))
        return all(map(seen.hit, schedulers))

    until(all_are_hit)
    assert most <= 1
    undo(FAULT, str(folder.path))
    until(lambda: all(map(seen.well, schedulers)))
    seen.close()


def test_who_exited_by_itself_before_its_turn_has_it_nevertheless(
    cluster: ClusterRecord, folder: RunFolder, until: Until
) -> None:
    seen = Flagged(cluster)
    inject(FAULT, {"zone": ["b", "a"], "set": QPS}, str(folder.path))
    os.kill(seen.pids["kube-scheduler-a"], signal.SIGKILL)  # as one that lost its lease
    until(lambda: all(map(seen.hit, ("kube-scheduler-b", "kube-scheduler-a"))))
    undo(FAULT, str(folder.path))
    until(lambda: all(map(seen.well, seen.pids)))
    seen.close()


def test_whose_turn_did_not_come_is_told(
    cluster: ClusterRecord, folder: RunFolder, until: Until
) -> None:
    seen = Flagged(cluster)
    inject(FAULT, {"zone": ["b", "c", "a"], "set": QPS}, str(folder.path))
    with pytest.raises(FaultFailed, match="the flags of kube-scheduler-a were not changed"):
        undo(FAULT, str(folder.path))
    assert Ledger(folder.ledger).open_entries() == []
    until(lambda: all(map(seen.well, seen.pids)))
    seen.close()


def test_what_does_not_come_up_is_told_by_its_own_last_line_and_undone(
    cluster: ClusterRecord, folder: RunFolder, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Flagged(cluster)
    monkeypatch.setattr(faults()[FAULT], "effect_s", 2.0)
    given = {"zone": "b", "set": {"tls-min-version": "VersionTLS99"}}
    with pytest.raises(FaultFailed, match=r"after 2 s .*last line of its log: .*VersionTLS99"):
        inject(FAULT, given, str(folder.path))
    with pytest.raises(FaultFailed):  # it never became what it was to be
        undo(FAULT, str(folder.path))
    assert Ledger(folder.ledger).open_entries() == []
    until(lambda: all(map(seen.well, seen.pids)))
    seen.close()
