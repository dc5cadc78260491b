"""The files alone decide: after conversion, on another machine, after a crash the verdict is the same."""

import shutil

import pytest
from judged_drill import JudgedDrill
from judged_scrapes import at

from kubedrill.judge import convert, judge
from kubedrill.record.folder import RunFolder
from kubedrill.record.timeline import Event
from kubedrill.record.verdict import Report

MISSED = ("baseline", "list.p99 < 1ms")
UNKNOWN = ("fault", "etcd.fsync.p99 < 1s")


def test_the_same_after_conversion_elsewhere_and_again(drill: JudgedDrill, tmp_path) -> None:
    drill.fail(12, 13, path="balancer", verb="write")
    drill.objectives += [MISSED, UNKNOWN]
    folder = drill.write(tmp_path)
    before = judge(folder)
    convert(folder)
    assert not list(folder.samples.glob("*.bin"))
    assert folder.metrics_parquet.exists()
    assert judge(folder) == before
    convert(folder)
    moved = RunFolder(tmp_path / "another" / "kill" / folder.run)
    shutil.copytree(folder.path, moved.path)
    shutil.rmtree(folder.path)
    assert judge(moved) == before


def test_a_conversion_killed_before_the_records_were_deleted(drill: JudgedDrill, tmp_path) -> None:
    folder = drill.write(tmp_path)
    before = judge(folder)
    raw = (folder.samples / "load-list.bin").read_bytes()
    convert(folder)
    (folder.samples / "load-list.bin").write_bytes(raw)
    (folder.samples / ".probe.parquet").write_bytes(b"half")
    assert judge(folder) == before
    convert(folder)
    assert judge(folder) == before
    assert not list(folder.samples.glob("*.bin"))


def test_what_was_cut_off_by_a_crash_is_left_out(drill: JudgedDrill, tmp_path) -> None:
    folder = drill.write(tmp_path)
    before = judge(folder)
    for file in (
        folder.timeline,
        folder.faults,
        folder.health,
        folder.resources,
        folder.exits,
        folder.metrics_index,
        folder.samples / "load-list.workers.jsonl",
    ):
        with file.open("ab") as growing:
            growing.write(b'{"time": 1010')
    for file in (*folder.samples.glob("*.bin"), *folder.metrics.glob("*.gz")):
        with file.open("ab") as growing:
            growing.write(b"\x01" * 17)
    assert judge(folder) == before


@pytest.mark.parametrize("text", ["list.p99 < 1s", "list.p99 < 1ms"])
def test_verdict_json_reads_back(drill: JudgedDrill, tmp_path, text: str) -> None:
    drill.objectives[0] = ("baseline", text)
    folder = drill.write(tmp_path)
    report = judge(folder)
    report.write(folder.verdict)
    assert Report.read(folder.verdict) == report


def test_settings_of_everything_that_took_part(drill: JudgedDrill, tmp_path) -> None:
    seeded = Event(at(-1), "note", "seeded", {"pods": 1000})
    drill.events.insert(1, seeded)
    settings = drill.judged(tmp_path).settings
    versions = {"python": "3.11", "kube-apiserver": "1.37.2", "etcd": "3.7.3"}
    assert settings["versions"] == versions
    assert settings["cluster"]["zones"] == ["a", "b", "c"]
    assert settings["loads"] == {"list": {"profile": "mass-list", "rate": "100/s"}}
    assert settings["seeded"] == {"pods": 1000}
    assert settings["prober"]["deadline_s"] == 1.0
