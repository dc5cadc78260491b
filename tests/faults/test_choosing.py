"""Who leads is hit, also where one is only being elected; where nobody comes to lead, nobody is hit."""

import threading
from pathlib import Path
from typing import Any

import pytest
from abandoned import nowhere
from json_lines import read_lines

from kubedrill.faults import choosing, progress
from kubedrill.faults.lifecycle import inject, undo
from kubedrill.faults.progress import FaultFailed
from kubedrill.record.folder import RunFolder

FAULT = '''
"""A fault on whoever leads, which a file tells."""

from pathlib import Path
from typing import ClassVar

from kubedrill.faults.fault import Candidate, Fault, proof


class Deposing(Fault):
    """The leader is deposed."""

    name: ClassVar[str] = "king.depose"
    functions: ClassVar[tuple[str, str]] = ("depose", "enthrone")
    hits: ClassVar[str] = "king"
    target: ClassVar[str] = "king-{}"
    verb: ClassVar[str] = "depose"
    blast_radius: ClassVar[str] = "one king"
    effect_s: ClassVar[float] = 5.0
    return_s: ClassVar[float] = 5.0
    king: str = "leader"
    file: str

    def asked(self):
        return self.king

    def candidates(self, scene):
        leader = Path(self.file).read_text() if Path(self.file).exists() else ""
        return [Candidate("a", leads=leader == "a")]

    def inject(self, scene):
        return {}

    def did(self, scene):
        return "deposed"

    def took_effect(self, scene):
        return proof("deposed")

    def lapse(self, scene):
        return None

    def undo(self, scene):
        pass

    def undone(self, scene):
        return proof("enthroned")
'''


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    (tmp_path / "deposing.py").write_text(FAULT)
    folder = RunFolder.create(tmp_path, "first")
    nowhere().write(folder.cluster)
    return folder


@pytest.fixture
def crown(tmp_path: Path) -> Path:
    return tmp_path / "crown"


def depose(folder: RunFolder, crown: Path) -> dict[str, Any]:
    file = str(crown.parent / "deposing.py")
    return inject("king.depose", {"file": str(crown)}, str(folder.path), file=file)


def test_a_leader_that_is_being_elected_is_waited_for(folder: RunFolder, crown: Path) -> None:
    elected = threading.Timer(0.5, crown.write_text, ("a",))
    elected.start()
    hit = depose(folder, crown)
    assert hit["targets"] == ["king-a"]
    assert elected.finished.is_set()
    undo("king.depose", str(folder.path), file=str(crown.parent / "deposing.py"))


def test_nobody_is_hit_where_nobody_comes_to_lead(
    folder: RunFolder, crown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "LED_WITHIN_S", 0.2)
    with pytest.raises(FaultFailed, match=r"no king leads, after 0\.2 s either, .* to depose"):
        depose(folder, crown)
    assert [line["event"] for line in read_lines(folder.faults)] == ["failed"]


def test_a_drill_that_ends_waits_for_no_leader(
    folder: RunFolder, crown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()
    ended.set()
    monkeypatch.setattr(progress, "ENDED", ended)
    monkeypatch.setattr(choosing, "LED_WITHIN_S", 3600.0)
    with pytest.raises(FaultFailed, match="no king leads"):
        depose(folder, crown)
