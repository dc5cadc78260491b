"""etcd.kill on the real control plane, as plain functions: effect, undo, and what is refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kubedrill.cluster.etcd import EtcdError, healthy, status
from kubedrill.cluster.handle import ClusterHandle
from kubedrill.faults.etcd import kill, restore
from kubedrill.faults.progress import FaultFailed
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.files import read_lines
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger, undo
from kubedrill.wire.errors import WireError

pytestmark = pytest.mark.cluster


@pytest.fixture
def folder(cluster: ClusterRecord, tmp_path: Path) -> Iterator[RunFolder]:
    """A run folder; whatever a test leaves broken in the shared cluster is mended."""
    one = RunFolder.create(tmp_path, "etcd")
    cluster.write(one.cluster)
    yield one
    assert undo(Ledger(one.ledger)) == []


def events(folder: RunFolder) -> list[str]:
    return [line["event"] for line in read_lines(folder.faults)]


def leader(cluster: ClusterRecord) -> str:
    return next(zone for zone in cluster.zones if answers(cluster, zone) and leads(cluster, zone))


def leads(cluster: ClusterRecord, zone: str) -> bool:
    return status(cluster, zone, 1).is_leader


def answers(cluster: ClusterRecord, zone: str) -> bool:
    try:
        status(cluster, zone, 1)
    except (WireError, EtcdError):
        return False
    return True


def test_the_leader_is_killed_and_comes_back(cluster: ClusterRecord, folder: RunFolder) -> None:
    before = leader(cluster)
    killed = kill("leader", str(folder.path))
    assert killed["zones"] == [before]
    assert not answers(cluster, before)
    assert leader(cluster) != before
    assert ClusterHandle(cluster).components()[f"etcd-{before}"].state == "held"
    assert len(Ledger(folder.ledger).open_entries()) == 1
    restored = restore(str(folder.path))
    assert "full member" in restored["proof"]
    assert healthy(cluster, before, 1)
    assert Ledger(folder.ledger).open_entries() == []
    assert events(folder) == ["injecting", "injected", "took-effect", "undoing", "undone"]


def test_to_restore_again_does_nothing(cluster: ClusterRecord, folder: RunFolder) -> None:
    kill("a", str(folder.path))
    restore(str(folder.path))
    pid = ClusterHandle(cluster).components()["etcd-a"].pid
    assert restore(str(folder.path)) == {"undone": "already, or never injected"}
    assert ClusterHandle(cluster).components()["etcd-a"].pid == pid
    assert events(folder).count("undone") == 1


def test_whoever_finds_the_ledger_can_undo_it(cluster: ClusterRecord, folder: RunFolder) -> None:
    kill("b", str(folder.path))
    assert undo(Ledger(folder.ledger)) == []
    assert healthy(cluster, "b", 1)


def test_random_is_one_of_the_members(cluster: ClusterRecord, folder: RunFolder) -> None:
    [zone] = kill("random", str(folder.path))["zones"]
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
    assert all(healthy(cluster, zone, 1) for zone in cluster.zones)


def test_a_kill_that_did_not_last_is_found_out(cluster: ClusterRecord, folder: RunFolder) -> None:
    kill("c", str(folder.path))
    ClusterHandle(cluster).release("etcd-c")
    with pytest.raises(FaultFailed, match="it did not last"):
        restore(str(folder.path))
    assert events(folder)[-1] == "failed"
