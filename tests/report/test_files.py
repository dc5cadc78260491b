"""What is made of a verdict, from damaged run folders too: each file, whatever becomes of the others."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from commanding import kubedrill
from judged_drill import JudgedDrill
from thinned import thinned

from kubedrill.judge import judge
from kubedrill.record.folder import RunFolder
from kubedrill.record.manifest import seal
from kubedrill.record.verdict import Report, Verdict
from kubedrill.report import html
from kubedrill.report.files import write_all, write_reports


def cut(path: Path) -> None:
    size = path.stat().st_size
    if size:
        os.truncate(path, size * 2 // 3)
    else:
        path.write_bytes(b"?")  # of nothing, nothing can be cut off


def garble(path: Path) -> None:
    path.write_bytes(b"\xff\x00{]\n")


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


EVIDENCE = [
    *("schedule.json", "timeline.jsonl", "ledger.jsonl", "cluster.json", "experiment.yaml"),
    *("faults.jsonl", "health.jsonl", "exits.jsonl", "resources.jsonl"),
    *("machine.json", "machine.jsonl", "metrics/index.jsonl", "metrics/etcd-a.prom.gz"),
    *("samples/load-list.json", "samples/load-list.bin", "samples/load-list.workers.jsonl"),
    *("samples/probe.json", "samples/probe.bin", "samples/probe.workers.jsonl"),
]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return JudgedDrill().write(tmp_path)


SEALED_AGAIN = {Path.unlink: False, make_folder: False, cut: True, garble: True}


@pytest.mark.parametrize(("name", "damage"), thinned(EVIDENCE, SEALED_AGAIN, keep_one_in=2))
def test_a_damaged_run_has_all_its_files(
    folder: RunFolder, name: str, damage: Callable[[Path], None]
) -> None:
    sealed = SEALED_AGAIN[damage]
    damage(folder.path / name)
    if sealed:
        seal(folder)
    report = judge(folder)
    assert report.verdict is Verdict.INVALID or sealed
    assert write_all(folder, report) == []
    assert Report.read(folder.verdict) == report
    for path in (folder.report, folder.junit):
        assert report.verdict.value in path.read_text()


def test_a_report_says_what_it_could_not_show(folder: RunFolder) -> None:
    report = judge(folder)
    garble(folder.timeline)
    page = html.write(folder, report).read_text()
    assert "<title>PASS: " in page
    assert page.count("timeline.jsonl:1: is not JSON") == 2, "in the notes, and for the chart"
    assert "list.p99 &lt; 1s" in page


def test_a_report_that_fails_leaves_the_verdict_and_the_other(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bokeh's bundle is not where its wheel brings it: nothing can be drawn, whatever is left out."""
    report = judge(folder)
    folder.report.write_text("<title>an earlier one</title>")
    monkeypatch.setattr(html.resources, "files", lambda package: Path("/nowhere"))
    [words] = write_all(folder, report)
    assert words == f"{folder.report}: not written: No such file or directory"
    assert not folder.report.exists(), "of an earlier verdict"
    assert Report.read(folder.verdict) == report
    assert folder.junit.exists()


def test_a_verdict_that_cannot_be_written_leaves_the_reports(folder: RunFolder) -> None:
    folder.verdict.mkdir()
    [words] = write_all(folder, judge(folder))
    assert words == (
        f"{folder.verdict}: not written: Is a directory; "
        "what stands there is of an earlier judgement, if of any"
    )
    assert "<title>PASS: " in folder.report.read_text()
    assert folder.junit.exists()


def test_reports_that_cannot_be_written_are_named_each(folder: RunFolder) -> None:
    report = judge(folder)
    folder.report.mkdir()
    folder.junit.mkdir()
    assert [words.partition(":")[0] for words in write_reports(folder, report)] == [
        str(folder.report),
        str(folder.junit),
    ]


def test_the_command_says_what_it_could_not_write(folder: RunFolder) -> None:
    judge(folder).write(folder.verdict)
    folder.junit.mkdir()
    done = kubedrill("report", folder.path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"{folder.junit}: not written: Is a directory" in done.stderr
    assert done.stdout.split() == [str(folder.report)]


@pytest.mark.parametrize("text", ["\udcff", "{}", ""])
def test_of_what_is_no_verdict_there_is_no_report(folder: RunFolder, text: str) -> None:
    folder.verdict.write_text(text, errors="surrogateescape")
    done = kubedrill("report", folder.path)
    assert done.returncode == 3
    assert done.stderr.startswith(f"{folder.verdict}: is no verdict; run: kubedrill judge ")
