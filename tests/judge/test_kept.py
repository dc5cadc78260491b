"""Run folders as an earlier version left them are judged as they were: verdict, reasons, every value.

What the folders in `kept/` are, and how they were made, says the README there.
"""

import json
from pathlib import Path

import pytest
from commanding import kubedrill
from kept import changed, unpack

KEPT = {"member-lost": 0, "too-slow": 1, "let-go": 2}
"""With the exit code of each: one PASS, one FAIL, one INVALID."""


@pytest.mark.parametrize(("name", "code"), KEPT.items(), ids=KEPT)
def test_it_is_judged_as_it_was(name: str, code: int, tmp_path: Path) -> None:
    unpack(Path(__file__).parent / "kept" / f"{name}.tar.xz", tmp_path)
    [folder] = (tmp_path / name).iterdir()
    file = folder / "verdict.json"
    before = json.loads(file.read_text())
    file.unlink()
    judged = kubedrill("judge", folder)
    assert judged.returncode == code, judged.stdout + judged.stderr
    assert list(changed(before, json.loads(file.read_text()), "verdict")) == []


@pytest.mark.parametrize(
    ("after", "where"),
    [
        ({"a": [1.0, "x"], "b": None, "c": 3}, []),
        ({"a": [1.0 + 1e-12, "x"], "b": None}, []),
        ({"a": [1.001, "x"], "b": None}, ["v.a[0]"]),
        ({"a": [1.0], "b": None}, ["v.a"]),
        ({"a": [1.0, "x"], "b": 0}, ["v.b"]),
        ({}, ["v.a"]),
    ],
)
def test_only_more_may_be_said(after: object, where: list[str]) -> None:
    found = changed({"a": [1.0, "x"], "b": None}, after, "v")
    assert [difference.partition(":")[0] for difference in found] == where
