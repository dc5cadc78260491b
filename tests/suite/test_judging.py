"""A suite's verdict from its record, and from its drills' files; its reports; what came of it earlier."""

import io
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from commanding import kubedrill
from judged_drill import JudgedDrill
from rich.console import Console

from kubedrill.record.folder import RunFolder
from kubedrill.record.verdict import Verdict
from kubedrill.suite import html, junit
from kubedrill.suite.console import print_verdict
from kubedrill.suite.judging import SHOWN, decide, judge, report_on
from kubedrill.suite.record import (
    DrillRecord,
    SuiteRecord,
    outcome,
    read_record,
    suite_file,
)

PASS, FAIL, INVALID = Verdict.PASS, Verdict.FAIL, Verdict.INVALID


def ended(name: str, verdict: Verdict, *reasons: str) -> DrillRecord:
    return DrillRecord(
        name=name,
        experiment=name,
        clusters=("local-3az",),
        state="ended",
        why="",
        run=f"{name}/20260131T120000Z",
        verdict=verdict,
        reasons=reasons,
    )


def other(name: str, state: Any, why: str = "") -> DrillRecord:
    return DrillRecord(name=name, experiment=name, clusters=("local-3az",), state=state, why=why)


def of(*drills: DrillRecord, **known: Any) -> SuiteRecord:
    finished: dict[str, Any] = {"finished": True, "ended": ""}
    return SuiteRecord(suite="nightly", title="Nightly", why="", drills=drills, **finished | known)


@pytest.mark.parametrize(
    ("record", "verdict", "reasons"),
    [
        (of(ended("a", PASS), ended("b", PASS)), PASS, []),
        (of(ended("a", PASS), ended("b", FAIL, "r")), FAIL, ["b is FAIL: r"]),
        (
            of(ended("a", INVALID, "q", "r", "s"), ended("b", FAIL, "r")),
            INVALID,
            ["a is INVALID: q; r; and 1 more", "b is FAIL: r"],
        ),
        (of(ended("a", PASS), other("b", "skipped", "gate")), PASS, ["b skipped: gate"]),
        (of(other("a", "skipped", "g")), INVALID, ["no drill was played", "a skipped: g"]),
        (of(ended("a", PASS), other("b", "refused", "w")), INVALID, ["b not started: w"]),
        (
            of(ended("a", PASS), other("b", "left", "it stops"), ended="it stops"),
            INVALID,
            ["it stops", "b not played: it stops"],
        ),
        (
            of(ended("a", PASS), other("b", "begun", "k"), finished=False),
            INVALID,
            ["kubedrill was killed before the suite had ended", "b killed: k"],
        ),
    ],
)
def test_the_worst_drill_decides_and_an_end_before_its_time(
    record: SuiteRecord, verdict: Verdict, reasons: list[str]
) -> None:
    assert decide(record) == (verdict, reasons)


def played(reports: Path, slow: bool = False) -> RunFolder:
    """Write a suite of one drill, `kill`, and that drill's run."""
    drill = JudgedDrill()
    if slow:
        drill.load["total_us"] *= 1000
    report = drill.judged(reports)
    folder = RunFolder.create_empty(
        reports / "suites", "nightly", datetime(2026, 1, 31, 11, 59, tzinfo=UTC)
    )
    of(other("kill", "left")).having("kill", **outcome(report)).write(folder)
    return folder


@pytest.mark.parametrize("slow", [False, True])
def test_its_drills_are_judged_again_from_their_files(tmp_path: Path, slow: bool) -> None:
    folder = played(tmp_path, slow)
    report = judge(folder)
    assert report.verdict is (FAIL if slow else PASS)
    [drill] = report.drills
    assert drill.run == "kill/20260131T120000Z"
    said = kubedrill("judge", folder.path, "--json")
    assert said.returncode == report.verdict.exit_code
    assert json.loads(said.stdout) == report.model_dump(mode="json")
    assert kubedrill("report", folder.path).stdout.split() == [
        str(folder.report),
        str(folder.junit),
    ]


def test_evidence_that_was_changed_since_is_found_out(tmp_path: Path) -> None:
    folder = played(tmp_path)
    faults = tmp_path / "kill" / "20260131T120000Z" / "faults.jsonl"
    faults.write_text(faults.read_text().replace("11400", "11500"))
    assert judge(folder).verdict is INVALID


def test_a_run_that_is_gone_proves_nothing(tmp_path: Path) -> None:
    folder = played(tmp_path)
    shutil.rmtree(tmp_path / "kill")
    assert judge(folder).reasons == ["kill is INVALID: its files are missing"]


def test_what_a_killed_suite_has_begun_is_found_by_its_time(tmp_path: Path) -> None:
    folder = played(tmp_path)
    begun = other("kill", "begun", "killed in it").model_copy(update={"begun": "20260131T115959Z"})
    of(begun, other("lists", "left"), finished=False).write(folder)
    assert read_record(folder).drills[0].run == "kill/20260131T120000Z"
    (tmp_path / "kill" / "20260131T120000Z" / "manifest.json").unlink()
    report = judge(folder)
    assert report.verdict is INVALID
    assert report.reasons[0] == "kubedrill was killed before the suite had ended"
    assert report.reasons[1].startswith("kill is INVALID: manifest.json: is missing")


def test_a_record_that_is_none_is_said(tmp_path: Path) -> None:
    folder = played(tmp_path)
    suite_file(folder).write_text("{}")
    report = judge(folder)
    assert (report.verdict, report.drills) == (INVALID, [])
    assert report.reasons[0].startswith("suite.json: ")
    assert "Nobody knows what was to be played" in html.write(folder, report).read_text()


def earlier(reports: Path, day: int, verdict: Verdict) -> RunFolder:
    at = datetime(2026, 1, day, tzinfo=UTC)
    folder = RunFolder.create_empty(reports / "suites", "nightly", at)
    of(ended("a", verdict), ended("b", PASS)).write(folder)
    return folder


def test_the_trend_has_the_last_runs_of_the_suite_in_order(tmp_path: Path) -> None:
    for day in range(1, SHOWN + 4):
        earlier(tmp_path, day, FAIL if day % 2 else PASS)
    last = earlier(tmp_path, 30, PASS)
    suite_file(RunFolder(tmp_path / "suites" / "nightly" / "20260110T000000Z")).write_text("{}")
    report = report_on(last, read_record(last))
    assert [run.run[:8] for run in report.earlier] == [
        f"202601{day:02}" for day in range(4, SHOWN + 4) if day != 10
    ]
    assert report.earlier[-1].drills == {"a": "PASS", "b": "PASS"}
    page = html.write(last, report).read_text()
    assert page.count('scope="col">2026') == SHOWN
    said = io.StringIO()
    print_verdict(report, last, Console(file=said, width=160))
    assert said.getvalue().count("20260112T000000Z") == 1


def test_every_report_says_what_came_of_each_drill(tmp_path: Path) -> None:
    folder = earlier(tmp_path, 30, FAIL)
    record = of(
        ended("a", FAIL, "too <slow>"),
        other("b", "skipped", "a gate"),
        other("c", "refused", "frozen"),
    )
    record.write(folder)
    report = report_on(folder, record)
    page = html.write(folder, report).read_text()
    assert 'href="../../../a/20260131T120000Z/report.html"' in page
    assert "too &lt;slow&gt;" in page
    root = ET.parse(junit.write(folder, report)).getroot()
    kinds = {case.attrib["name"]: case[0].tag for case in root[0].findall("testcase")}
    assert kinds == {"a": "failure", "b": "skipped", "c": "error"}
    assert root[0].attrib["skipped"] == "1"
    said = io.StringIO()
    print_verdict(report, folder, Console(file=said, width=160))
    assert "3 drills: 1 FAIL, 1 skipped, 1 not started" in said.getvalue()
