"""`kubedrill judge` and `report` on a folder: always a new verdict, and no older one beside it."""

import functools
import json
import os
import sys
from collections import Counter
from pathlib import Path

import pytest
from commanding import kubedrill
from judged_drill import JudgedDrill

from kubedrill import judging
from kubedrill.record.folder import RunFolder
from kubedrill.record.manifest import seal
from kubedrill.record.verdict import Verdict


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return JudgedDrill().write(tmp_path)


def verdicts(folder: RunFolder) -> list[str]:
    """What verdict.json, junit.xml and report.html say."""
    said = json.loads(folder.verdict.read_text())["verdict"]
    junit, html = folder.junit.read_text(), folder.report.read_text()
    return [
        said,
        "INVALID" if 'value="INVALID"' in junit else "PASS",
        "INVALID" if "<title>INVALID: " in html else "PASS",
    ]


def test_no_stale_pass_stays_beside_an_invalid(folder: RunFolder) -> None:
    assert kubedrill("judge", folder.path).returncode == 0
    assert verdicts(folder) == ["PASS"] * 3
    folder.resources.unlink()
    again = kubedrill("judge", folder.path)
    assert (again.returncode, again.stderr) == (2, "")
    assert "resources.jsonl: is missing" in " ".join(again.stdout.split())
    assert verdicts(folder) == ["INVALID"] * 3


def test_a_report_of_changed_evidence_is_that_of_a_new_verdict(folder: RunFolder) -> None:
    kubedrill("judge", folder.path)
    folder.faults.write_text("garbled\n")
    done = kubedrill("report", folder.path)
    assert done.returncode == 2
    assert "faults.jsonl: is of 8 bytes" in done.stderr
    assert verdicts(folder) == ["INVALID"] * 3


@pytest.mark.parametrize("name", ["schedule.json", "timeline.jsonl", "cluster.json"])
def test_a_pipe_for_a_file_is_named_and_not_read(name: str, folder: RunFolder) -> None:
    (folder.path / name).unlink()
    os.mkfifo(folder.path / name)
    done = kubedrill("judge", folder.path)
    assert done.returncode == 2
    assert f"{name}: is no file" in " ".join(done.stdout.split())
    assert verdicts(folder) == ["INVALID"] * 3


def test_a_page_cut_by_a_full_disk_is_no_interruption(folder: RunFolder) -> None:
    page = folder.metrics / "etcd-a.prom.gz"
    os.truncate(page, page.stat().st_size // 2)
    seal(folder)
    done = kubedrill("judge", folder.path)
    assert done.returncode == 2
    assert "interrupted" not in done.stdout + done.stderr
    assert "metrics/etcd-a.prom.gz" in done.stdout


def test_a_verdict_that_cannot_be_written_is_told(folder: RunFolder) -> None:
    folder.verdict.mkdir()
    done = kubedrill("judge", folder.path, "--json")
    assert json.loads(done.stdout)["verdict"] == "PASS"
    assert (done.returncode, done.stderr.count("not written")) == (0, 1)


def test_other_objectives_stand_beside(folder: RunFolder, tmp_path: Path) -> None:
    kubedrill("judge", folder.path)
    own = folder.verdict.read_bytes()
    slos = tmp_path / "strict one.yaml"
    slos.write_text("slos:\n  baseline: [list.p99 < 1ms]\n")
    done = kubedrill("judge", folder.path, "--slos", slos)
    assert done.returncode == 1, done.stderr
    assert "not by the experiment's own" in " ".join(done.stdout.split())
    assert folder.verdict.read_bytes() == own
    beside = RunFolder(folder.path, "strict-one")
    assert json.loads(beside.verdict.read_text())["verdict"] == "FAIL"
    assert beside.report.exists()
    assert beside.junit.exists()
    assert kubedrill("judge", folder.path).returncode == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "slos:\n  baselin: [list.p99 < 1s]\n",
            ':2: objectives for an unknown phase "baselin"; did',
        ),
        ("slos:\n  baseline:\n    - lst.p99 < 1s\n", ":3: "),
        ("slos: {}\n", ":1: slos: no objective"),
        ("slo: {}\n", ":1: "),
        (
            "title: t\nslos:\n  baseline: [list.p99 < 1s]\n",
            ':1: "title" stands beside slos; a run is judged by a file that has slos: and nothing else',
        ),
    ],
)
def test_other_objectives_that_are_wrong_are_named(
    text: str, words: str, folder: RunFolder, tmp_path: Path
) -> None:
    slos = tmp_path / "wrong.yaml"
    slos.write_text(text)
    done = kubedrill("judge", folder.path, "--slos", slos)
    assert done.returncode == 3
    assert f"{slos}{words}" in done.stderr


_opened: list[str] = []
"""What was opened to be read, as Python tells its auditors."""


@functools.cache
def _audited() -> list[str]:
    """Return that list, and let it be filled from now on: an auditor cannot be dismissed."""
    sys.addaudithook(_audit)
    return _opened


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        _opened.append(str(arguments[0]))


@pytest.mark.parametrize("other", [False, True])
def test_each_file_is_read_once_to_be_judged_and_once_for_its_seal(
    folder: RunFolder, tmp_path: Path, other: bool
) -> None:
    slos = tmp_path / "other.yaml"
    slos.write_text("slos:\n  baseline: [list.p99 < 1s]\n")
    opened = _audited()
    opened.clear()
    assert judging.judge(folder, slos if other else None).verdict is Verdict.PASS
    times = Counter(path for path in opened if path.startswith(str(folder.path)))
    evidence = (folder.schedule, folder.faults, folder.cluster, folder.resources, folder.machine)
    assert {path.name: times[str(path)] for path in evidence} == {path.name: 2 for path in evidence}
