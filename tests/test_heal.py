"""`kubedrill heal`: what dead drills left is found and undone; what runs is left alone."""

from pathlib import Path

import pytest
from abandoned import abandon
from plain_faults import calls

from kubedrill import cluster
from kubedrill.heal import heal, register, unregister
from kubedrill.record.ledger import Ledger


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))


def test_a_drill_below_reports_is_healed_once(tmp_path: Path, said: list[str]) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    assert heal(tmp_path / "reports", said.append) == 1
    assert not (tmp_path / "broken").exists()
    assert Ledger(folder.ledger).open_entries() == []
    assert said == [f"{folder.path}: undone: broken file"]
    assert heal(tmp_path / "reports", said.append) == 0
    assert len(calls(tmp_path / "broken")) == 1


def test_a_registered_drill_is_found_from_anywhere(tmp_path: Path, said: list[str]) -> None:
    register(abandon(tmp_path / "elsewhere", tmp_path / "broken"))
    assert heal(tmp_path / "reports", said.append) == 1
    assert not (tmp_path / "broken").exists()
    assert heal(tmp_path / "reports", said.append) == 0


def test_a_drill_that_is_done_is_not_remembered(tmp_path: Path, said: list[str]) -> None:
    folder = abandon(tmp_path / "elsewhere", tmp_path / "broken")
    register(folder)
    unregister(folder)
    assert heal(tmp_path / "reports", said.append) == 0
    assert (tmp_path / "broken").exists()


def test_a_drill_that_runs_is_left_alone(tmp_path: Path, said: list[str]) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    with cluster.lock("nowhere"):
        assert heal(tmp_path / "reports", said.append) == 0
    assert (tmp_path / "broken").exists()
    assert said[0].startswith(f"{folder.path}: left alone: ")
    assert heal(tmp_path / "reports", said.append) == 1


def test_an_undo_that_fails_is_said_and_tried_again(tmp_path: Path, said: list[str]) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    undo = ("plain_faults", "fail")
    Ledger(folder.ledger).intend("fault", "stubborn", undo, {"path": "it"})
    heal(tmp_path / "reports", said.append)
    assert said == [f"{folder.path}: not undone: stubborn: RuntimeError: it cannot be broken"]
    assert not (tmp_path / "broken").exists(), "one that fails must not stop the others"
    assert [one.name for one in Ledger(folder.ledger).open_entries()] == ["stubborn"]


def test_a_run_folder_that_was_deleted_is_forgotten(tmp_path: Path, said: list[str]) -> None:
    folder = abandon(tmp_path / "elsewhere", tmp_path / "broken")
    register(folder)
    folder.path.rename(tmp_path / "moved")
    assert heal(tmp_path / "reports", said.append) == 0
    assert said == []
