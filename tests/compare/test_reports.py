"""The reports of a comparison, for a terminal, for CI servers and for people, and what makes them."""

import io
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from commanding import kubedrill
from compared_runs import write_comparison
from judged_drill import JudgedDrill
from rich.console import Console

from kubedrill.compare import html, junit
from kubedrill.compare.console import print_verdict
from kubedrill.compare.judging import judge
from kubedrill.compare.order import Play
from kubedrill.compare.record import variants_file
from kubedrill.record.folder import RunFolder


def one_round_fails(play: Play, drill: JudgedDrill) -> None:
    if play == Play("slow", 2):
        drill.load["total_us"] //= 2


@pytest.fixture
def failed(tmp_path: Path) -> RunFolder:
    return write_comparison(tmp_path, one_round_fails)


def test_the_terminal_says_which_round_did_not_hold(failed: RunFolder) -> None:
    said = io.StringIO()
    print_verdict(judge(failed), failed, Console(file=said, width=160))
    text = said.getvalue()
    assert "FAIL  The same LIST, small and large" in text
    assert "1 of 2 relations did not hold in all 2 rounds." in text
    rows = [line.split() for line in text.splitlines() if "0.333" in line or "0.667" in line]
    assert [row[-1] for row in rows] == ["PASS", "FAIL"]
    assert "slow/20260131T120002Z" in text


def test_a_suite_a_phase_and_a_case_a_run(failed: RunFolder) -> None:
    root = ET.parse(junit.write(failed, judge(failed))).getroot()
    suites = {suite.attrib["name"]: suite for suite in root}
    assert list(suites) == ["baseline", "recovery", "variants", "validity"]
    failure = suites["baseline"].find("testcase/failure")
    assert failure is not None
    assert failure.attrib["message"] == "round 2: 20ms is not at most 0.5 times 30ms"
    assert len(suites["variants"].findall("testcase")) == 4
    assert (root.attrib["tests"], root.attrib["failures"], root.attrib["errors"]) == ("7", "1", "0")


def test_a_comparison_that_cannot_be_trusted_is_an_error(tmp_path: Path) -> None:
    folder = write_comparison(tmp_path, played=3)
    root = ET.parse(junit.write(folder, judge(folder))).getroot()
    errors = {
        suite.attrib["name"]: len(suite.findall("testcase/error"))
        for suite in root
        if suite.findall("testcase/error")
    }
    assert errors == {"baseline": 1, "recovery": 1, "variants": 1, "validity": 1}


def test_the_page_shows_each_round_and_leads_to_each_run(failed: RunFolder) -> None:
    page = html.write(failed, judge(failed)).read_text()
    assert "<title>FAIL: The same LIST, small and large</title>" in page
    for words in ("20 ms against 30 ms", "20 ms against 60 ms", "fast.list.p99 &lt;= 50% *"):
        assert words in page
    assert page.count('/report.html">') == 4
    assert "http" not in page.partition("</style>")[2]


def test_the_page_of_what_nobody_can_read_says_so(failed: RunFolder) -> None:
    variants_file(failed).write_text("{")
    page = html.write(failed, judge(failed)).read_text()
    assert "variants.json: is not JSON" in page
    assert "Nobody knows what was to be played." in page


def test_judge_and_report_take_a_comparison(failed: RunFolder) -> None:
    judged = kubedrill("judge", failed.path, "--json")
    assert judged.returncode == 1, judged.stderr
    assert json.loads(judged.stdout) == json.loads(failed.verdict.read_text())
    failed.report.unlink()
    assert kubedrill("report", failed.path).returncode == 0
    assert failed.report.exists()
    next(failed.path.glob("fast/*1Z/schedule.json")).write_text("{}")
    stale = kubedrill("report", failed.path)
    assert stale.returncode == 2
    assert "fast-1: schedule.json" in stale.stderr
    assert json.loads(failed.verdict.read_text())["verdict"] == "INVALID"


def test_other_objectives_are_for_one_run(failed: RunFolder) -> None:
    refused = kubedrill("judge", failed.path, "--slos", "other.yaml")
    assert refused.returncode == 3
    assert "judge one of them" in refused.stderr


def test_a_step_of_github_tells_of_each_relation(failed: RunFolder, tmp_path: Path) -> None:
    assert kubedrill("judge", failed.path).returncode == 1
    page = tmp_path / "summary"
    step = {"GITHUB_STEP_SUMMARY": str(page), "GITHUB_WORKSPACE": str(tmp_path)}
    done = kubedrill("report", failed.path, "--github", "list-modes", **step)
    assert done.returncode == 0, done.stderr
    [annotation] = [line for line in done.stdout.splitlines() if line.startswith("::")]
    assert annotation.startswith("::error title=FAIL in baseline%3A fast.list.p99 <= 50%25 * slow")
    rows = [line for line in page.read_text("utf-8").splitlines() if line.startswith("| ")]
    assert [row.rsplit("| ", 1)[-1] for row in rows] == [
        "Verdict |",
        "\u2717 FAIL |",
        "\u2713 PASS |",
    ]
    assert "ms against " in rows[1]


def test_a_comparison_that_was_changed_since_is_told_anew(
    failed: RunFolder, tmp_path: Path
) -> None:
    assert kubedrill("judge", failed.path).returncode == 1
    variants_file(failed).write_text("{}")
    page = tmp_path / "summary"
    done = kubedrill("report", failed.path, "--github", "list-modes", GITHUB_STEP_SUMMARY=str(page))
    assert done.returncode == 2
    assert page.read_text("utf-8").startswith("## ? INVALID: ")
