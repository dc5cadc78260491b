"""A comparison is judged from its files: every run by its own objectives, and what relates them."""

import json
import shutil
from pathlib import Path

import pytest
from compared_runs import write_comparison
from judged_drill import JudgedDrill

from kubedrill.compare.judging import judge, judge_all, stale
from kubedrill.compare.order import Play
from kubedrill.compare.record import variants_file
from kubedrill.compare.verdict import ComparisonReport, RelationResult
from kubedrill.record.folder import RunFolder
from kubedrill.record.sample import Outcome
from kubedrill.record.verdict import Verdict

SLOW_2 = Play("slow", 2)


def relation(report: ComparisonReport, number: int = 0) -> RelationResult:
    return report.relations[number]


def verdicts(result: RelationResult) -> list[str]:
    return [pair.verdict.value for pair in result.rounds]


def test_all_that_relates_the_arms_holds(tmp_path: Path) -> None:
    report = judge(write_comparison(tmp_path))
    assert (report.verdict, report.reasons) == (Verdict.PASS, [])
    first = relation(report)
    assert [(pair.left.value, pair.right.value) for pair in first.rounds] == [(0.02, 0.06)] * 2
    assert [pair.ratio for pair in first.rounds] == [pytest.approx(1 / 3)] * 2
    assert [play.name for play in report.plays] == ["fast-1", "slow-1", "slow-2", "fast-2"]
    assert {play.verdict for play in report.plays} == {Verdict.PASS}


def test_a_round_in_which_it_did_not_hold_is_enough_to_fail(tmp_path: Path) -> None:
    def change(play: Play, drill: JudgedDrill) -> None:
        if play == SLOW_2:
            drill.load["total_us"] //= 2

    report = judge(write_comparison(tmp_path, change))
    first = relation(report)
    assert verdicts(first) == ["PASS", "FAIL"]
    assert report.verdict is Verdict.FAIL
    [reason] = report.reasons
    assert reason.endswith("round 2: 20ms is not at most 0.5 times 30ms")
    assert verdicts(relation(report, 1)) == ["PASS", "PASS"]


def test_a_run_that_fails_is_carried(tmp_path: Path) -> None:
    def change(play: Play, drill: JudgedDrill) -> None:
        if play == SLOW_2:
            drill.load["total_us"] *= 20

    report = judge(write_comparison(tmp_path, change))
    assert report.verdict is Verdict.FAIL
    assert [play.verdict.value for play in report.plays] == ["PASS", "PASS", "FAIL", "PASS"]
    assert report.reasons[0].startswith("slow-2 is FAIL: baseline: list.p99 < 1s: ")
    assert {relation.verdict for relation in report.relations} == {Verdict.PASS}


def test_a_run_that_cannot_be_trusted_leaves_nothing_proved(tmp_path: Path) -> None:
    def change(play: Play, drill: JudgedDrill) -> None:
        if play == SLOW_2:
            drill.load["wait_us"] = 400_000

    report = judge(write_comparison(tmp_path, change))
    assert report.verdict is Verdict.INVALID
    assert any(reason.startswith("slow-2 is INVALID: ") for reason in report.reasons)
    assert verdicts(relation(report)) == ["PASS", "INVALID"]


def test_a_side_of_which_nothing_was_answered_is_not_known(tmp_path: Path) -> None:
    def change(play: Play, drill: JudgedDrill) -> None:
        if play.arm == "slow":
            drill.load["outcome"] = Outcome.TIMEOUT

    report = judge(write_comparison(tmp_path, change))
    assert report.verdict is Verdict.INVALID
    assert verdicts(relation(report)) == ["INVALID", "INVALID"]


@pytest.mark.parametrize("played", [0, 1, 3])
def test_runs_that_were_not_played_are_missed(tmp_path: Path, played: int) -> None:
    report = judge(write_comparison(tmp_path, played=played))
    assert report.verdict is Verdict.INVALID
    missing = [reason for reason in report.reasons if "was not played" in reason]
    assert len(missing) == 4 - played
    assert missing[-1] == "fast-2 was not played: interrupted by SIGINT"
    assert verdicts(relation(report))[-1] == "INVALID"


def test_two_runs_of_one_arm_must_be_of_one_drill(tmp_path: Path) -> None:
    def change(play: Play, drill: JudgedDrill) -> None:
        if play == SLOW_2:
            drill.loaded = {"parameters": {"size": 7}}

    report = judge(write_comparison(tmp_path, change))
    assert report.verdict is Verdict.INVALID
    words = "slow-1 and slow-2: their experiment.yaml differ, and they are of one arm"
    assert report.reasons[0] == words


def test_two_arms_must_be_of_two_drills(tmp_path: Path) -> None:
    def change(_: Play, drill: JudgedDrill) -> None:
        drill.loaded = {"parameters": {"size": 7}}

    report = judge(write_comparison(tmp_path, change))
    assert report.verdict is Verdict.INVALID
    assert "fast-1 and slow-1: their experiment.yaml are the same" in report.reasons[0]


def test_headroom_is_asked_where_a_relation_is_on_latency(tmp_path: Path) -> None:
    """A phase whose own objectives ask for none is no better a place to compare latencies in."""

    def change(_: Play, drill: JudgedDrill) -> None:
        drill.objectives = [("baseline", "etcd.healthy_members == 3")]
        for line in drill.scrapes.machine:
            line["busy_s"] = 1.9

    report = judge(write_comparison(tmp_path, change))
    assert {play.verdict for play in report.plays} == {Verdict.PASS}
    assert report.verdict is Verdict.INVALID
    assert "no headroom in this phase" in relation(report).reason


def gone(folder: RunFolder) -> None:
    shutil.rmtree(folder.path / "slow")


def manifest_of_a_run_changed(folder: RunFolder) -> None:
    path = next(folder.path.glob("slow/*2Z/manifest.json"))
    path.write_text(path.read_text() + " ")


def samples_changed(folder: RunFolder) -> None:
    path = next(folder.path.glob("slow/*2Z/samples/probe.bin"))
    path.write_bytes(path.read_bytes()[:-32])


def run_replaced(folder: RunFolder) -> None:
    shutil.rmtree(next(folder.path.glob("slow/*2Z")))
    shutil.copytree(folder.path / "slow/20260131T120001Z", folder.path / "slow/20260131T120002Z")


def plan_changed(folder: RunFolder) -> None:
    path = variants_file(folder)
    path.write_text(path.read_text().replace("50% *", "99% *"))


def plan_damaged(folder: RunFolder) -> None:
    variants_file(folder).write_text("{")


def manifest_gone(folder: RunFolder) -> None:
    folder.manifest.unlink()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (gone, "slow/20260131T120001Z/manifest.json: is missing"),
        (manifest_of_a_run_changed, "manifest.json: was changed"),
        (samples_changed, "slow-2 is INVALID: samples/probe.bin: "),
        (run_replaced, "slow/20260131T120002Z/manifest.json"),
        (plan_changed, "variants.json: was changed since the drill had ended"),
        (plan_damaged, "variants.json: is not JSON"),
        (manifest_gone, "manifest.json: is missing: kubedrill was killed"),
    ],
)
def test_evidence_that_is_not_what_it_was_is_named(tmp_path: Path, damage, words: str) -> None:
    folder = write_comparison(tmp_path)
    assert stale(folder) == []
    damage(folder)
    report = judge(folder)
    assert report.verdict is Verdict.INVALID
    assert any(words in reason for reason in report.reasons), report.reasons
    assert stale(folder)


def test_what_is_made_of_the_evidence_is_none(tmp_path: Path) -> None:
    folder = write_comparison(tmp_path)
    report, unwritten = judge_all(folder)
    assert (report.verdict, unwritten, stale(folder)) == (Verdict.PASS, [], [])
    assert len(list(folder.path.glob("*/*/report.html"))) == 4


def test_it_may_be_moved(tmp_path: Path) -> None:
    folder = write_comparison(tmp_path)
    moved = RunFolder(folder.path.rename(tmp_path / "elsewhere"))
    assert judge(moved).verdict is Verdict.PASS


def test_the_schema_is_that_of_what_is_written(tmp_path: Path) -> None:
    import jsonschema

    folder = write_comparison(tmp_path)
    judge(folder).write(folder.verdict)
    schema = ComparisonReport.model_json_schema()
    jsonschema.validate(json.loads(folder.verdict.read_text()), schema)
    assert ComparisonReport.read(folder.verdict) == judge(folder)
