"""`kubedrill heal`: what dead drills left is found and undone; what runs is left alone."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from abandoned import abandon
from plain_faults import calls
from player import WITH_SHARED

from kubedrill import cluster
from kubedrill.heal import Healed, heal, register, unregister
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))


def test_a_drill_below_reports_is_healed_once(tmp_path: Path, said: list[str]) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    assert heal(tmp_path / "reports", said.append) == Healed(1, 0)
    assert not (tmp_path / "broken").exists()
    assert Ledger(folder.ledger).open_entries() == []
    assert said == [f"{folder.path}: undone: broken file"]
    assert heal(tmp_path / "reports", said.append) == Healed(0, 0)
    assert len(calls(tmp_path / "broken")) == 1


def test_a_registered_drill_is_found_from_anywhere(tmp_path: Path, said: list[str]) -> None:
    register(abandon(tmp_path / "elsewhere", tmp_path / "broken"))
    assert heal(tmp_path / "reports", said.append) == Healed(1, 0)
    assert not (tmp_path / "broken").exists()
    assert heal(tmp_path / "reports", said.append) == Healed(0, 0)


def test_a_drill_that_is_done_is_not_remembered(tmp_path: Path, said: list[str]) -> None:
    folder = abandon(tmp_path / "elsewhere", tmp_path / "broken")
    register(folder)
    unregister(folder)
    assert heal(tmp_path / "reports", said.append) == Healed(0, 0)
    assert (tmp_path / "broken").exists()


def test_a_drill_that_runs_is_left_alone(tmp_path: Path, said: list[str]) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    with cluster.lock("nowhere"):
        assert heal(tmp_path / "reports", said.append) == Healed(0, 1)
    assert (tmp_path / "broken").exists()
    assert said[0].startswith(f"{folder.path}: left alone: ")
    assert heal(tmp_path / "reports", said.append) == Healed(1, 0)


def test_an_undo_that_fails_is_said_and_tried_again(tmp_path: Path, said: list[str]) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    undo = ("plain_faults", "fail")
    Ledger(folder.ledger).intend("fault", "stubborn", undo, {"path": "it"})
    assert heal(tmp_path / "reports", said.append) == Healed(0, 1)
    assert said == [f"{folder.path}: not undone: stubborn: RuntimeError: it cannot be broken"]
    assert not (tmp_path / "broken").exists(), "one that fails must not stop the others"
    assert [one.name for one in Ledger(folder.ledger).open_entries()] == ["stubborn"]


def test_a_run_folder_that_was_deleted_is_forgotten(tmp_path: Path, said: list[str]) -> None:
    folder = abandon(tmp_path / "elsewhere", tmp_path / "broken")
    register(folder)
    folder.path.rename(tmp_path / "moved")
    assert heal(tmp_path / "reports", said.append) == Healed(0, 0)
    assert said == []


def test_the_lock_is_the_one_of_the_drills_own_state_folder(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = abandon(tmp_path / "reports", tmp_path / "own")
    used = abandon(tmp_path / "reports", tmp_path / "used")
    undo, arguments = cluster.undo_entry("nowhere")
    Ledger(own.ledger).intend("cluster", "nowhere", undo, arguments)
    with cluster.lock("nowhere"):
        monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "another"))
        assert heal(tmp_path / "reports", said.append) == Healed(0, 2)
    assert heal(tmp_path / "reports", said.append) == Healed(2, 0)
    assert not (tmp_path / "used").exists()
    assert Ledger(used.ledger).open_entries() == []


def test_one_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path, said: list[str]) -> None:
    unreadable = abandon(tmp_path / "reports", tmp_path / "first")
    healed = abandon(tmp_path / "reports", tmp_path / "second")
    assert unreadable.path < healed.path
    unreadable.ledger.unlink()
    unreadable.ledger.mkdir()
    assert heal(tmp_path / "reports", said.append) == Healed(1, 1)
    assert said[0].startswith(f"{unreadable.path}: cannot be healed: IsADirectoryError")
    assert not (tmp_path / "second").exists()


def test_one_that_is_out_of_reach_is_not_forgotten(tmp_path: Path, said: list[str]) -> None:
    far = RunFolder(tmp_path / ("far" * 100))  # a name that no file can have
    register(far)
    for _ in range(2):
        assert heal(tmp_path / "reports", said.append) == Healed(0, 1)
    assert said[0].startswith(f"{far.path}: cannot be healed: OSError")


def test_a_newer_cluster_of_the_same_name_is_left_alone(tmp_path: Path, said: list[str]) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    undo, arguments = cluster.undo_entry("nowhere")
    Ledger(folder.ledger).intend("cluster", "nowhere", undo, arguments)
    newer = cluster.cluster_folder("nowhere")
    newer.mkdir(parents=True)
    (newer / "id").write_text("newer")
    assert heal(tmp_path / "reports", said.append) == Healed(1, 0)
    assert newer.exists()
    (newer / "id").write_text(arguments["cluster_id"])
    cluster.down(**arguments)
    assert not newer.exists()


def test_a_cluster_that_lost_its_supervisor_is_named_with_what_to_do(
    tmp_path: Path, said: list[str]
) -> None:
    """As after a power cut: the folder stands, and nobody listens on the socket in it."""
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    record = ClusterRecord.read(folder.cluster)
    Path(record.folder).mkdir(parents=True)
    record.write(Path(record.folder) / "cluster.json")
    undo = ("kubedrill.faults.etcd", "restore")
    kill = Ledger(folder.ledger).intend(
        "fault", "etcd.kill", undo, {"run": str(folder.path), "index": 0}
    )
    Ledger(folder.ledger).learn(kill, zones=["a"], pids={"etcd-a": 1})
    assert heal(tmp_path / "reports", said.append) == Healed(1, 0)
    lost = (
        "cluster nowhere has lost its supervisor (a reboot?); "
        "to clear it away: kubedrill cluster down nowhere"
    )
    assert said == [
        f"{folder.path}: undone: etcd.kill, broken file",
        f"{folder.path}: {lost}",
    ]


@pytest.mark.parametrize(("undo", "code"), [("undo", 0), ("fail", 1)])
def test_the_exit_code_says_whether_something_is_left(tmp_path: Path, undo: str, code: int) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    arguments = {"path": str(tmp_path / "other")}
    Ledger(folder.ledger).intend("fault", "other", ("plain_faults", undo), arguments)
    healing = start_heal(tmp_path / "reports")
    healing.communicate(timeout=30)
    assert healing.returncode == code


def start_heal(reports: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "kubedrill", "heal", "--reports", str(reports)],
        env={**os.environ, **WITH_SHARED},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_ctrl_c_says_that_something_may_be_left(tmp_path: Path) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    slow = {"path": str(tmp_path / "slow"), "seconds": 60}
    Ledger(folder.ledger).intend("fault", "slow", ("plain_faults", "inject"), slow)
    healing = start_heal(tmp_path / "reports")
    deadline = time.monotonic() + 15
    while not (tmp_path / "slow.log").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    healing.send_signal(signal.SIGINT)
    assert healing.communicate(timeout=15)[1] == "interrupted: something may be left; do it again\n"
    assert healing.returncode == 1
