"""etcd.kill on the real control plane, as plain functions: effect, undo, and what is refused."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from json_lines import read_lines

from kubedrill.clock import SECOND, now
from kubedrill.cluster.etcd import EtcdError, defragmentations, healthy, status
from kubedrill.cluster.handle import HandleError
from kubedrill.cluster.provider import handle_of
from kubedrill.faults import etcd_commands
from kubedrill.faults.etcd import kill, restore
from kubedrill.faults.lifecycle import UNDO, inject
from kubedrill.faults.progress import FaultFailed
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger, undo
from kubedrill.wire.errors import WireError

pytestmark = [pytest.mark.faults, pytest.mark.cluster, pytest.mark.breaks]

PATIENT_S = 10.0
"""For a member that answers, however slow the machine; one that is down refuses at once."""


@pytest.fixture
def folder(cluster: ClusterRecord, tmp_path: Path) -> Iterator[RunFolder]:
    """A run folder; whatever a test leaves broken in the shared cluster is mended."""
    made = RunFolder.create(tmp_path, "etcd")
    cluster.write(made.cluster)
    yield made
    assert undo(Ledger(made.ledger)) == []


def events(folder: RunFolder) -> list[str]:
    return [line["event"] for line in read_lines(folder.faults)]


def leader(cluster: ClusterRecord) -> str:
    return next(zone for zone in cluster.zones if answers(cluster, zone) and leads(cluster, zone))


def leads(cluster: ClusterRecord, zone: str) -> bool:
    return status(cluster, zone, PATIENT_S).is_leader


def answers(cluster: ClusterRecord, zone: str) -> bool:
    try:
        status(cluster, zone, PATIENT_S)
    except (WireError, EtcdError):
        return False
    return True


def test_the_leader_is_killed_and_comes_back(cluster: ClusterRecord, folder: RunFolder) -> None:
    before = leader(cluster)
    killed = kill("leader", str(folder.path))
    assert killed["targets"] == [f"etcd-{before}"]
    assert not answers(cluster, before)
    assert leader(cluster) != before
    assert handle_of(cluster).components()[f"etcd-{before}"].state == "held"
    assert len(Ledger(folder.ledger).open_entries()) == 1
    restored = restore(str(folder.path))
    assert "full member" in restored["proof"]
    assert healthy(cluster, before, PATIENT_S)
    assert Ledger(folder.ledger).open_entries() == []
    assert events(folder) == ["injecting", "injected", "took-effect", "undoing", "undone"]


def test_to_restore_again_does_nothing(cluster: ClusterRecord, folder: RunFolder) -> None:
    kill("a", str(folder.path))
    restore(str(folder.path))
    pid = handle_of(cluster).components()["etcd-a"].pid
    assert restore(str(folder.path)) == {"undone": "already, or never injected"}
    assert handle_of(cluster).components()["etcd-a"].pid == pid
    assert events(folder).count("undone") == 1


def test_whoever_finds_the_ledger_can_undo_it(cluster: ClusterRecord, folder: RunFolder) -> None:
    kill("b", str(folder.path))
    assert undo(Ledger(folder.ledger)) == []
    assert healthy(cluster, "b", PATIENT_S)


def test_random_is_one_of_the_members(cluster: ClusterRecord, folder: RunFolder) -> None:
    [target] = kill("random", str(folder.path))["targets"]
    zone = target.removeprefix("etcd-")
    assert zone in cluster.zones
    assert not answers(cluster, zone)


def test_quorum_is_not_taken_unless_allowed(cluster: ClusterRecord, folder: RunFolder) -> None:
    with pytest.raises(FaultFailed, match="would leave 1 of 3 members, and quorum needs 2"):
        kill(["a", "b"], str(folder.path))
    assert all(answers(cluster, zone) for zone in cluster.zones)
    assert events(folder) == ["failed"]


def test_members_that_are_down_already_count(cluster: ClusterRecord, folder: RunFolder) -> None:
    kill("a", str(folder.path))
    with pytest.raises(FaultFailed, match="would leave 1 of 3 members"):
        kill("b", str(folder.path), index=1)
    assert answers(cluster, "b")


def test_quorum_may_be_taken_where_the_file_says_so(
    cluster: ClusterRecord, folder: RunFolder
) -> None:
    killed = kill(["a", "b"], str(folder.path), allow_quorum_loss=True)
    assert "no quorum" in killed["proof"]
    restore(str(folder.path))
    assert all(healthy(cluster, zone, PATIENT_S) for zone in cluster.zones)


def test_a_kill_that_did_not_last_is_found_out(cluster: ClusterRecord, folder: RunFolder) -> None:
    kill("c", str(folder.path))
    handle_of(cluster).holding.release("etcd-c")
    with pytest.raises(FaultFailed, match="it did not last"):
        restore(str(folder.path))
    assert events(folder)[-3:] == ["failed", "undoing", "undone"]


@pytest.mark.parametrize(
    ("members", "why"), [([], "no member is named"), (["a", "a"], "a member is named twice: a, a")]
)
def test_nobody_and_the_same_one_twice_are_refused(
    cluster: ClusterRecord, folder: RunFolder, members: list[str], why: str
) -> None:
    with pytest.raises(FaultFailed, match=why):
        kill(members, str(folder.path))
    assert all(answers(cluster, zone) for zone in cluster.zones)
    assert events(folder) == ["failed"]


def test_a_process_that_was_replaced_is_not_hit(cluster: ClusterRecord, folder: RunFolder) -> None:
    handle = handle_of(cluster)
    pid = handle.components()["etcd-a"].pid
    os.kill(pid, signal.SIGKILL)  # the supervisor starts it again
    replaced = wait_for_another(cluster, pid)
    with pytest.raises(HandleError, match=f"has pid {replaced}, not {pid}: replaced"):
        handle.holding.hold("etcd-a", expect_pid=pid)
    assert handle.components()["etcd-a"].pid == replaced


def test_what_does_not_run_cannot_be_killed(cluster: ClusterRecord, folder: RunFolder) -> None:
    kill("a", str(folder.path))
    with pytest.raises(FaultFailed, match="etcd-a was not running"):
        kill("a", str(folder.path), index=1, allow_quorum_loss=True)
    assert events(folder)[-1] == "failed"


def wait_for_another(cluster: ClusterRecord, pid: int) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = handle_of(cluster).components()["etcd-a"].pid
        if found not in (None, pid) and answers(cluster, "a"):
            return found
        time.sleep(0.05)
    raise AssertionError("etcd-a was not started again")


def test_a_kill_that_failed_is_undone_without_a_word_of_how_long_it_lasted(
    cluster: ClusterRecord, folder: RunFolder
) -> None:
    ledger = Ledger(folder.ledger)
    arguments = {"fault": "etcd.kill", "run": str(folder.path), "index": 0}
    known = {"given": {"member": "a"}, "targets": ["etcd-a"]}
    ledger.intend("fault", "etcd.kill", UNDO, arguments, facts=known)
    assert "full member" in restore(str(folder.path))["proof"]
    assert events(folder) == ["undoing", "undone"]


def test_a_member_is_started_though_the_disk_is_full(
    cluster: ClusterRecord, folder: RunFolder
) -> None:
    kill("b", str(folder.path))
    folder.faults.unlink()
    folder.faults.mkdir()  # in place of a full disk: nothing more can be written to it
    with pytest.raises(OSError, match="Is a directory"):
        restore(str(folder.path))
    assert healthy(cluster, "b", PATIENT_S)
    folder.faults.rmdir()
    restore(str(folder.path))  # nor is it said that the kill did not last


def test_what_did_not_hold_all_the_time_is_told_with_the_stretch(
    cluster: ClusterRecord, folder: RunFolder
) -> None:
    handle = handle_of(cluster)
    kill("c", str(folder.path))
    handle.holding.release("etcd-c")
    wait_for_event(folder, "lapsed")
    [entry] = Ledger(folder.ledger).entries()
    handle_of(cluster, entry.id).holding.hold("etcd-c")
    wait_for_event(folder, "holds-again")
    stretch = r"etcd-c was running again \d+\.\d s after the kill, until \d+\.\d s after it"
    with pytest.raises(FaultFailed, match=stretch):
        restore(str(folder.path))
    assert healthy(cluster, "c", PATIENT_S)


def wait_for_event(folder: RunFolder, event: str) -> None:
    deadline = time.monotonic() + 60
    while event not in events(folder):
        assert time.monotonic() < deadline, events(folder)
        time.sleep(0.05)


def test_it_is_let_go_at_the_end_of_its_lease_though_nobody_is_left_to_do_so(
    cluster: ClusterRecord,
) -> None:
    handle = handle_of(cluster)
    handle.holding.hold("etcd-b", until=now() + 2 * SECOND)
    assert handle.components()["etcd-b"].state == "held"
    deadline = time.monotonic() + 60
    while not answers(cluster, "b"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_same_random_member_in_the_same_run(cluster: ClusterRecord, folder: RunFolder) -> None:
    chosen = []
    for _ in range(2):
        chosen.append(kill("random", str(folder.path))["targets"])
        restore(str(folder.path))
    assert chosen[0] == chosen[1]
    [entry, *_] = Ledger(folder.ledger).entries()
    assert entry.facts["seed"] == f"{folder.run}/0"


def test_the_fault_is_gone_with_its_cluster(cluster: ClusterRecord, folder: RunFolder) -> None:
    replace(cluster, id="an earlier one").write(folder.cluster)
    kill("c", str(folder.path))
    assert "the cluster is gone" in restore(str(folder.path))["undone"]
    assert not answers(cluster, "c"), "another cluster of that name is left alone"
    handle_of(cluster).holding.release("etcd-c")


def test_the_next_is_not_defragmented_while_another_member_is_away(
    cluster: ClusterRecord, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = handle_of(cluster).components()["etcd-c"].pid
    assert pid
    real = etcd_commands.defragment

    def and_one_goes(*given: Any) -> None:
        real(*given)
        os.kill(pid, signal.SIGSTOP)

    monkeypatch.setattr(etcd_commands, "defragment", and_one_goes)
    before = [defragmentations(cluster, zone, PATIENT_S) for zone in "ab"]
    try:
        words = "etcd.defragment goes on only when every member is well: etcd-c does not answer"
        with pytest.raises(FaultFailed, match=words):
            inject("etcd.defragment", {"member": ["a", "b"]}, str(folder.path))
    finally:
        os.kill(pid, signal.SIGCONT)
    after = [defragmentations(cluster, zone, PATIENT_S) for zone in "ab"]
    assert after == [before[0] + 1, before[1]]
