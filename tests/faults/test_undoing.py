"""How faults are undone: at once, though each waits for its proof; again, where it fails; and told."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from abandoned import welcome
from json_lines import read_lines
from player import player
from supervised import supervised

from kubedrill.cluster.local.programs import Program
from kubedrill.faults.lifecycle import inject, undo
from kubedrill.faults.progress import FaultFailed
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger

FAULT = '''
"""A fault that makes files; what goes wrong with it stands in other files."""

from pathlib import Path
from typing import ClassVar

from kubedrill.cluster.handle import HandleError
from kubedrill.faults.attempting import each
from kubedrill.faults.fault import Candidate, Fault, Whom, missing, proof


class Making(Fault):
    """Files are made."""

    name: ClassVar[str] = "file.make"
    functions: ClassVar[tuple[str, str]] = ("make", "unmake")
    hits: ClassVar[str] = "zone"
    target: ClassVar[str] = "file-{}"
    blast_radius: ClassVar[str] = "files"
    effect_s: ClassVar[float] = 60.0
    return_s: ClassVar[float] = RETURN_S
    zone: Whom
    within: str

    def asked(self):
        return self.zone

    def known(self, cluster):
        return [*"abc"]

    def candidates(self, scene):
        return [Candidate(zone) for zone in "abc"]

    def inject(self, scene):
        for target in scene.targets:
            self.file(target).touch()
        return {}

    def did(self, scene):
        return "made"

    def took_effect(self, scene):
        return missing("it does not show") if self.file("unseen").exists() else proof("it is there")

    def lapse(self, scene):
        return None

    def unfinished(self, scene):
        file = self.file("unfinished")
        if file.exists() and (left := file.read_text()[1:]):
            file.write_text(left)
            return "something was not done"
        return ""

    def undo(self, scene):
        with self.file("log").open("a") as log:
            log.write(" ".join(scene.targets) + "\\n")
        each(scene.targets, self.remove)

    def remove(self, target):
        if (busy := self.file(f"busy-{target}")).exists() and (left := busy.read_text()[1:]):
            busy.write_text(left)
            raise HandleError("the supervisor is busy")
        self.file(target).unlink(missing_ok=True)

    def undone(self, scene):
        there = [target for target in scene.targets if self.file(target).exists()]
        gate = self.file("gate")
        return missing("not yet", *there) if there or gate.exists() else proof("they are gone")

    def file(self, name):
        return Path(self.within) / name
'''
LONG_S = 60.0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunFolder]:
    """A run on a cluster that stands, with next to nothing in it."""
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))
    (tmp_path / "making.py").write_text(FAULT.replace("RETURN_S", "60.0"))
    folder = RunFolder.create(tmp_path, "undone")
    place = Path(welcome(folder).folder)
    (place / "logs").mkdir()
    with supervised(place, [Program("file-a", ("sleep", "1000"))]):
        yield folder


def given(folder: RunFolder, zone: str | list[str]) -> dict[str, Any]:
    return {"zone": zone, "within": str(folder.path.parents[1])}


def file(folder: RunFolder) -> str:
    return str(folder.path.parents[1] / "making.py")


def make(folder: RunFolder, zone: str | list[str], index: int = 0) -> None:
    inject("file.make", given(folder, zone), str(folder.path), index, file(folder))


def unmake(folder: RunFolder, index: int = 0) -> dict[str, Any]:
    return undo("file.make", str(folder.path), index, file(folder))


def played(folder: RunFolder, edge: str, index: int, **arguments: Any) -> dict[str, Any]:
    provider = {"type": "python", "module": "kubedrill.faults.lifecycle", "func": edge}
    told = {"fault": "file.make", "run": str(folder.path), "index": index, "file": file(folder)}
    name = f"{edge} {index}: file.make"
    return {
        "type": "action",
        "name": name,
        "provider": provider | {"arguments": told | arguments},
    }


def until(seconds: float) -> dict[str, Any]:
    module = {"type": "python", "module": "kubedrill.faults.play"}
    provider = module | {"func": "until", "arguments": {"offset_s": seconds}}
    control = {"name": "stop", "provider": module}
    return {"type": "action", "name": f"{seconds}", "provider": provider, "controls": [control]}


def wait_for(what: str, condition: Any) -> None:
    deadline = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def begun(tmp_path: Path) -> list[str]:
    log = tmp_path / "log"
    return log.read_text().split("\n")[:-1] if log.exists() else []


def events(folder: RunFolder) -> list[str]:
    return [line["event"] for line in read_lines(folder.faults)]


@pytest.mark.parametrize("how", ["the drill's end", "a phase's end"])
def test_all_that_is_due_begins_to_be_undone_before_any_is_proven(
    folder: RunFolder, tmp_path: Path, how: str
) -> None:
    """The last in is the first out; each would wait for ever for its proof here."""
    (tmp_path / "gate").touch()
    injections = [
        played(folder, "inject", index, given=given(folder, zone))
        for index, zone in enumerate("abc")
    ]
    undos = [played(folder, "undo", index) for index in range(3)]
    at_once = how == "a phase's end"
    method = [until(0), *injections, until(1 if at_once else 50), *undos]
    child = player(folder, method, undos[::-1], faults=3, undo_s=1 if at_once else 50)
    try:
        wait_for("all are in force", lambda: folder.faults.exists() and seen_all(folder))
        if not at_once:
            child.end()
        wait_for("all have begun", lambda: len(begun(tmp_path)) == 3)
        assert begun(tmp_path) == ["file-c", "file-b", "file-a"]
        assert "undone" not in events(folder)
        (tmp_path / "gate").unlink()
        assert child.wait(LONG_S) == 0
    finally:
        child.kill()
    assert events(folder).count("undone") == 3
    assert Ledger(folder.ledger).open_entries() == []


def seen_all(folder: RunFolder) -> bool:
    return events(folder).count("took-effect") == 3


def test_an_undo_that_fails_for_one_target_is_tried_again_and_keeps_no_other(
    folder: RunFolder, tmp_path: Path
) -> None:
    make(folder, ["a", "b"])
    (tmp_path / "busy-file-a").write_text("xxxx")
    assert "they are gone" in unmake(folder)["proof"]
    assert len(begun(tmp_path)) == 4
    assert "failed" not in events(folder)
    assert Ledger(folder.ledger).open_entries() == []


def test_who_gives_up_says_of_whom_and_why_and_the_others_are_undone(
    folder: RunFolder, tmp_path: Path
) -> None:
    (tmp_path / "making.py").write_text(FAULT.replace("RETURN_S", "0.3"))
    make(folder, ["a", "b"])
    (tmp_path / "busy-file-a").write_text("x" * 10_000)
    words = r"after 0\.3 s its undo does not begin: file-a: the supervisor is busy"
    with pytest.raises(FaultFailed, match=words):
        unmake(folder)
    assert not (tmp_path / "file-b").exists()
    assert events(folder)[-2:] == ["undoing", "failed"]
    with pytest.raises(FaultFailed, match=r"not injected: file\.make is not undone: .*busy"):
        make(folder, "c", 1)
    assert not (tmp_path / "file-c").exists()
    (tmp_path / "busy-file-a").unlink()
    unmake(folder)
    make(folder, "c", 1)
    unmake(folder, 1)
    assert Ledger(folder.ledger).open_entries() == []


def test_nothing_is_injected_while_an_undo_is_overdue(folder: RunFolder, tmp_path: Path) -> None:
    ledger = Ledger(folder.ledger)
    arguments = {"fault": "file.make", "run": str(folder.path), "index": 0, "file": file(folder)}
    where = ("kubedrill.faults.lifecycle", "undo")
    entry = ledger.intend("fault", "file.make", where, arguments, deadline=1)
    with pytest.raises(FaultFailed, match=r"file\.make is not undone: that was due .* ago"):
        make(folder, "c", 1)
    assert not (tmp_path / "file-c").exists()
    ledger.undone(entry)
    make(folder, "c", 1)
    unmake(folder, 1)


def test_what_fails_before_the_undo_does_not_keep_it_nor_hide_itself(
    folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> str:
        raise OSError(28, "No space left on device")

    make(folder, "a")
    monkeypatch.setattr("kubedrill.faults.lasting.end", fails)
    with pytest.raises(FaultFailed, match="No space left on device"):
        unmake(folder)
    assert events(folder)[-3:] == ["failed", "undoing", "undone"]
    assert not (tmp_path / "file-a").exists()


def test_a_last_step_that_shows_late_was_done(folder: RunFolder, tmp_path: Path) -> None:
    make(folder, "a")
    (tmp_path / "unfinished").write_text("xxx")
    unmake(folder)
    assert "failed" not in events(folder)


def test_a_step_that_was_never_done_is_told(
    folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kubedrill.faults.undoing.UNFINISHED_S", 0.2)
    make(folder, "a")
    (tmp_path / "unfinished").write_text("x" * 10_000)
    with pytest.raises(FaultFailed, match="something was not done"):
        unmake(folder)
    assert not (tmp_path / "file-a").exists()


def test_of_a_drill_that_is_ended_no_step_is_missed(folder: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "unfinished").write_text("x" * 10_000)
    method = [until(0), played(folder, "inject", 0, given=given(folder, "a")), until(50)]
    child = player(folder, method, [played(folder, "undo", 0)])
    try:
        wait_for("it is in force", (tmp_path / "file-a").exists)
        child.end()
        assert child.wait(LONG_S) == 0
    finally:
        child.kill()
    assert "failed" not in events(folder)
    assert not (tmp_path / "file-a").exists()


def test_an_effect_that_nobody_needs_any_more_is_not_waited_for(
    folder: RunFolder, tmp_path: Path
) -> None:
    (tmp_path / "unseen").touch()
    method = [until(0), played(folder, "inject", 0, given=given(folder, "a")), until(50)]
    child = player(folder, method, [played(folder, "undo", 0)])
    try:
        wait_for("it is injected", (tmp_path / "file-a").exists)
        child.end()
        wait_for("it is undone", lambda: not (tmp_path / "file-a").exists())
        child.wait(LONG_S)
    finally:
        child.kill()
    assert events(folder) == ["injecting", "injected", "undoing", "undone"]
