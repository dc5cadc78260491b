"""What a fault will do is on the disk before it does it, and its undo is after it; or it is not done."""

import os
import stat
import threading
from pathlib import Path

import pytest
from abandoned import nowhere
from json_lines import read_lines

from kubedrill.faults import choosing, progress
from kubedrill.faults.lifecycle import inject, undo
from kubedrill.faults.progress import FaultFailed
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.stopping import StopRequest, leave, withdraw
from kubedrill.record.target import named, targets_of

FAULT = '''
"""A fault that makes a file, and keeps a copy of the ledger as it was then."""

import shutil
from pathlib import Path
from typing import ClassVar

from kubedrill.faults.fault import Candidate, Fault, Lapse, missing, proof


FACTS = {"entry_id": 1, "facts": 2, "event": "e", "time": 3, "proof": "p", "self": 4}


class Making(Fault):
    """A file is made."""

    name: ClassVar[str] = "file.make"
    functions: ClassVar[tuple[str, str]] = ("make", "unmake")
    hits: ClassVar[str] = "zone"
    target: ClassVar[str] = "file-{}"
    blast_radius: ClassVar[str] = "one file"
    effect_s: ClassVar[float] = 5.0
    return_s: ClassVar[float] = 5.0
    zone: str
    file: str
    ledger: str

    def asked(self):
        return self.zone

    def candidates(self, scene):
        return [Candidate("a")]

    def found(self, scene):
        return {"before": "nothing"}

    def inject(self, scene):
        Path(self.file).touch()
        shutil.copy(self.ledger, f"{self.file}.ledger")
        return FACTS

    def did(self, scene):
        return "made"

    def took_effect(self, scene):
        return proof("it is there")

    def lapse(self, scene):
        return None if Path(self.file).exists() else Lapse("it was gone")

    def undo(self, scene):
        Path(self.file).unlink(missing_ok=True)

    def undone(self, scene):
        return missing("it is there") if Path(self.file).exists() else proof("it is gone")
'''


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    (tmp_path / "making.py").write_text(FAULT)
    folder = RunFolder.create(tmp_path, "first")
    nowhere().write(folder.cluster)
    return folder


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> dict[int, int]:
    """How many bytes of each file, by its inode, are on the disk for certain: what fsync has seen."""
    sizes: dict[int, int] = {}
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode):
            sizes[found.st_ino] = found.st_size

    monkeypatch.setattr(os, "fsync", noted)
    return sizes


def make(folder: RunFolder, tmp_path: Path) -> Path:
    made = tmp_path / "made"
    given = {"zone": "a", "file": str(made), "ledger": str(folder.ledger)}
    inject("file.make", given, str(folder.path), file=str(tmp_path / "making.py"))
    return made


def test_the_intent_is_on_the_disk_before_and_the_undo_after(
    folder: RunFolder, tmp_path: Path, synced: dict[int, int]
) -> None:
    made = make(folder, tmp_path)
    before = Path(f"{made}.ledger")
    [entry] = Ledger(before).open_entries()
    assert (entry.name, named(targets_of(entry.facts))) == ("file.make", ("file-a",))
    assert entry.facts["given"]["file"] == str(made)
    assert entry.facts["found"] == {"before": "nothing"}
    assert before.read_text().count("\n") == 1, "killed between two lines, nobody could undo it"
    found = folder.ledger.stat()
    assert synced[found.st_ino] == found.st_size
    undo("file.make", str(folder.path), file=str(tmp_path / "making.py"))
    assert Ledger(folder.ledger).open_entries() == []
    found = folder.ledger.stat()
    assert synced[found.st_ino] == found.st_size


def test_facts_may_have_any_name(folder: RunFolder, tmp_path: Path) -> None:
    make(folder, tmp_path)
    told = {"entry_id": 1, "facts": 2, "event": "e", "time": 3, "proof": "p", "self": 4}
    [entry] = Ledger(folder.ledger).open_entries()
    assert told.items() <= entry.facts["facts"].items()
    [injected] = [line for line in read_lines(folder.faults) if line["event"] == "injected"]
    assert told.items() <= injected["facts"].items()
    undo("file.make", str(folder.path), file=str(tmp_path / "making.py"))


def test_what_does_not_reach_the_disk_is_not_done(
    folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="Input/output error"):
        make(folder, tmp_path)
    assert not (tmp_path / "made").exists()


def test_a_drill_that_is_ended_while_it_is_looked_whom_to_hit_is_not_broken_any_more(
    folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end is looked at right before the injection, not only when its time has come."""
    ended = threading.Event()
    monkeypatch.setattr(progress, "ENDED", ended)
    monkeypatch.setattr(choosing, "refused_now", lambda *_, **__: ended.set() or "")
    with pytest.raises(FaultFailed, match="not injected, the drill was ended"):
        make(folder, tmp_path)
    assert not (tmp_path / "made").exists()
    assert Ledger(folder.ledger).open_entries() == []
    assert not folder.faults.exists()


def test_a_drill_that_was_asked_to_stop_is_not_broken_any_more(
    folder: RunFolder, tmp_path: Path
) -> None:
    leave(folder, StopRequest(by="somebody", why="it is late"))
    with pytest.raises(FaultFailed, match="not injected, the drill was ended"):
        make(folder, tmp_path)
    assert not (tmp_path / "made").exists()
    withdraw(folder)
    assert make(folder, tmp_path).exists()
