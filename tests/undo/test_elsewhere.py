"""What stands in a ledger in a cluster may be anybody's: nothing but faults is undone by it."""

from pathlib import Path

import pytest

from kubedrill.faults.lifecycle import UNDO
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.undo.elsewhere import strange


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path, "elsewhere")


def intended(folder: RunFolder, undo: tuple[str, str] = UNDO, **arguments: str | int) -> Ledger:
    ledger = Ledger(folder.ledger)
    known = {"fault": "etcd.kill", "run": str(folder.path), "index": 0, "file": ""}
    ledger.intend("fault", "etcd.kill", undo, {**known, **arguments})
    return ledger


def test_a_fault_of_this_run_is_undone(folder: RunFolder) -> None:
    assert strange(intended(folder), folder) == []


@pytest.mark.parametrize(
    ("undo", "arguments"),
    [
        (("os", "system"), {"command": "id"}),
        (("subprocess", "run"), {}),
        (UNDO, {"file": "/tmp/somebodys.py"}),
        (UNDO, {"run": "/tmp/another"}),
    ],
)
def test_anything_else_is_not(
    folder: RunFolder, undo: tuple[str, str], arguments: dict[str, str]
) -> None:
    [said] = strange(intended(folder, undo, **arguments), folder)
    assert said.startswith("etcd.kill: the ledger in the cluster names as its undo what is none of")


def test_nor_what_becomes_so_by_what_is_learned_later(folder: RunFolder) -> None:
    ledger = intended(folder)
    [entry] = ledger.open_entries()
    ledger.learn(entry.id, {"file": "/tmp/somebodys.py"})
    assert len(strange(ledger, folder)) == 1


def test_a_file_of_faults_that_is_here_is_known(
    folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "faults").mkdir()
    file = tmp_path / "faults" / "mine.py"
    file.touch()
    monkeypatch.chdir(tmp_path)
    assert strange(intended(folder, file=str(file)), folder) == []
