"""What the cluster's file allows is asked again before each injection, and never before an undo."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from abandoned import nowhere

from kubedrill.cluster.provider import handle_of
from kubedrill.faults import native
from kubedrill.faults.lifecycle import inject, undo
from kubedrill.faults.progress import FaultFailed
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.faults import FaultLine
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.limits import DAYS, Limits, LimitsPart, Window
from kubedrill.record.lines import read_lines

Fault = tuple[str, dict[str, Any]]
ANOTHER_DAY = DAYS[(datetime.now(UTC).weekday() + 3) % 7]


def limited(record: ClusterRecord, **allowed: Any) -> ClusterRecord:
    return replace(record, limits=(Limits(LimitsPart(**allowed), "clusters/x.yaml"),))


def events(folder: RunFolder) -> list[str]:
    return [line.event for line in read_lines(folder.faults, FaultLine)]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path, "limited")


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        ({"forbidden": ("etcd.*", "activity")}, "is forbidden: clusters/x.yaml says"),
        ({"windows": (Window(days=(ANOTHER_DAY,)),)}, "clusters/x.yaml allows faults only"),
    ],
)
def test_nothing_is_injected_that_is_forbidden_or_comes_at_the_wrong_time(
    folder: RunFolder, allowed: dict[str, Any], words: str
) -> None:
    limited(nowhere(), **allowed).write(folder.cluster)
    with pytest.raises(FaultFailed, match=words):
        inject("etcd.kill", {"member": "a"}, str(folder.path))
    made = folder.path / "made"
    provider = {"type": "process", "path": "touch", "arguments": str(made)}
    activity: Any = {"type": "action", "name": "touch", "provider": provider}
    with pytest.raises(FaultFailed, match=words):
        native.inject(activity, None, str(folder.path), 1)
    assert not made.exists()
    assert events(folder) == ["failed", "failed"]
    assert not folder.ledger.exists()


@pytest.mark.cluster
@pytest.mark.breaks
def test_what_is_down_already_is_counted_and_the_undo_is_not_asked(
    cluster: ClusterRecord, folder: RunFolder
) -> None:
    limited(cluster, members=1).write(folder.cluster)
    run = str(folder.path)
    inject("etcd.pause", {"member": "a"}, run)
    try:
        with pytest.raises(FaultFailed, match="with other faults takes 2 members at once"):
            inject("etcd.kill", {"member": "b", "allow_quorum_loss": True}, run, 1)
        assert handle_of(cluster).components()["etcd-b"].state == "running"
        limited(cluster, members=0, forbidden=("*",)).write(folder.cluster)
    finally:
        undo("etcd.pause", run)
    assert Ledger(folder.ledger).open_entries() == []
    assert events(folder)[-1] == "undone"


@pytest.mark.cluster
@pytest.mark.breaks
@pytest.mark.parametrize(
    ("down", "in_turn", "words"),
    [
        (
            ("kube-apiserver.pause", {"zone": ["a", "b"]}),
            ("kube-apiserver.rolling_restart", {"zone": ["c"]}),
            "would leave 0 of 3 apiservers",
        ),
        (
            ("etcd.pause", {"member": "a"}),
            ("etcd.defragment", {"member": ["b", "c"]}),
            "would leave 1 of 3 members",
        ),
    ],
)
def test_what_is_taken_in_turn_counts_beside_what_is_down(
    down: Fault,
    in_turn: Fault,
    words: str,
    cluster: ClusterRecord,
    folder: RunFolder,
) -> None:
    cluster.write(folder.cluster)
    run = str(folder.path)
    inject(*down, run)
    try:
        with pytest.raises(FaultFailed, match=words):
            inject(*in_turn, run, 1)
        assert "injecting" not in events(folder)[events(folder).index("took-effect") :]
    finally:
        undo(down[0], run)
