"""The manifest closes the evidence: whatever became of it since is named, wherever it is by then."""

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.manifest import check, seal

UNDO = ("kubedrill.seed", "sweep")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder.create(tmp_path, "kill")
    ledger = Ledger(made.ledger)
    ledger.undone(ledger.intend("seed", "done", UNDO, {}))
    ledger.intend("seed", "left", UNDO, {})
    made.schedule.write_text('{"a": 1}')
    (made.samples / "probe.parquet").write_bytes(bytes(range(256)) * 100)
    (made.logs / "runner.log").write_text("")
    seal(made)
    return made


def test_what_nobody_touched_is_whole(folder: RunFolder, tmp_path: Path) -> None:
    assert check(folder).broken == check(folder).notes == ()
    moved = tmp_path / "elsewhere" / "x"
    shutil.copytree(folder.path, moved)
    assert check(RunFolder(moved)).broken == ()


def socket_at(path: Path) -> None:
    path.unlink()
    os.chdir(path.parent)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


def folder_for(path: Path) -> None:
    path.unlink()
    path.mkdir()


def link_for(path: Path) -> None:
    path.rename(path.with_name("other"))
    path.symlink_to("other")


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGES: list[tuple[Callable[[Path], object], str]] = [
    (Path.unlink, "is missing"),
    (lambda path: os.truncate(path, 3), "is of 3 bytes; when the drill had ended it was of "),
    (flipped, "was changed since the drill had ended"),
    (folder_for, "is a folder, not the file that was written"),
    (link_for, "is a symbolic link, not the file that was written"),
    (
        lambda path: (path.unlink(), os.mkfifo(path)),
        "is no file: a pipe, a socket or a device",
    ),
    (socket_at, "is no file: a pipe, a socket or a device"),
]


@pytest.mark.parametrize("name", ["schedule.json", "samples/probe.parquet", "ledger.jsonl"])
@pytest.mark.parametrize(("damage", "words"), DAMAGES)
def test_what_became_of_a_file_is_named(
    damage: Callable[[Path], object],
    words: str,
    name: str,
    folder: RunFolder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder.path)
    damage(folder.path / name)
    found = check(folder)
    assert found.broken[0].startswith(f"{name}: {words}")
    assert found.readable == words.startswith(("is of", "was changed", "is missing"))


def test_a_file_that_is_gone_does_not_hide_the_next(folder: RunFolder) -> None:
    shutil.rmtree(folder.samples)
    folder.schedule.write_text("{}")
    assert [words.partition(":")[0] for words in check(folder).broken] == [
        "samples/probe.parquet",
        "schedule.json",
    ]


def test_files_of_others_are_named_and_no_more(folder: RunFolder) -> None:
    (folder.path / "notes.txt").write_text("mine")
    (folder.path / "copies").mkdir()
    (folder.path / "copies" / "schedule.json").write_text("{}")
    (folder.samples / "bell\x07.png").write_text("mine")
    for made in ("verdict.json", "verdict.mine.json", "junit.xml", "report.html"):
        (folder.path / made).write_text("anything")
    found = check(folder)
    assert found.broken == ()
    [note] = found.notes
    assert note.endswith("looked at: copies, notes.txt, samples/bell\\x07.png")


@pytest.mark.parametrize("name", ["exits.jsonl", "samples/load-x.bin", "workers-x.json"])
def test_evidence_that_came_later_is_none(name: str, folder: RunFolder) -> None:
    (folder.path / name).write_text("{}")
    assert check(folder).broken == (f"{name}: was not there when the drill had ended",)


def test_without_a_manifest_the_drill_was_killed(folder: RunFolder) -> None:
    folder.manifest.unlink()
    [words] = check(folder).broken
    assert words.startswith("manifest.json: is missing: kubedrill was killed")
    folder.schedule.unlink()
    os.mkfifo(folder.schedule)
    assert not check(folder).readable


def test_a_manifest_that_was_changed_in_any_byte_is_none(folder: RunFolder) -> None:
    text = folder.manifest.read_bytes()
    for position in range(0, len(text), 7):
        folder.manifest.write_bytes(
            text[:position] + bytes([text[position] ^ 1]) + text[position + 1 :]
        )
        assert check(folder).broken[0].startswith("manifest.json"), position
    for files in ({}, {**json.loads(text)["files"], "more": {"size": 0, "sha256": "0" * 64}}):
        folder.manifest.write_text(
            json.dumps({**json.loads(text), "files": files}, indent=1) + "\n"
        )
        assert check(folder).broken[0] == "manifest.json: was changed since it was written"


def test_what_heal_appends_is_no_change(folder: RunFolder) -> None:
    ledger = Ledger(folder.ledger)
    [left] = ledger.open_entries()
    ledger.learn(left.id, {"undoing": {"seconds": 1}})
    ledger.undone(left.id)
    assert check(folder).broken == ()


@pytest.mark.parametrize("entry", ["done", "new"])
def test_what_heal_would_not_append_is_named(entry: str, folder: RunFolder) -> None:
    ledger = Ledger(folder.ledger)
    if entry == "new":
        ledger.intend("seed", "new", UNDO, {})
    else:
        ledger.undone(next(entry.id for entry in ledger.entries() if entry.undone))
    assert "has lines since the drill's end that heal did not write" in check(folder).broken[0]
