"""What stands below a reports folder is known; believed is a verdict that belongs to its evidence."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from compared_runs import write_comparison
from judged_drill import JudgedDrill
from past_runs import FIRST, report_of, write_evidence, write_past

from kubedrill.compare.judging import judge_all
from kubedrill.errors import NotStarted
from kubedrill.history.past import PastRun, Standing
from kubedrill.history.reading import read_history
from kubedrill.history.verifying import verified
from kubedrill.judge import judge
from kubedrill.record.folder import RunFolder
from kubedrill.record.manifest import seal
from kubedrill.record.verdict import Verdict


def only(reports: Path) -> PastRun:
    [run] = read_history(reports)
    return run


def test_a_month_of_runs_is_known_in_the_order_of_time(month: Path) -> None:
    runs = read_history(month)
    assert [run.start for run in runs] == [FIRST + timedelta(hours=12 * n) for n in range(36)]
    assert Counter(run.standing.value for run in runs) == {"PASS": 30, "FAIL": 3, "INVALID": 3}
    assert {run.version("kubedrill") for run in runs[:18]} == {"0.1.0"}
    assert {run.cluster for run in runs} == {"local-3az"}
    assert runs[1].path == "secret-flood/20261101T150000Z"
    assert runs[1].labels == {"ci": "nightly"}
    assert runs[0].held == "10 of 10"
    [missed] = [o for o in runs[4].objectives if o.verdict is Verdict.FAIL]
    assert (missed.phase, missed.name, missed.value, missed.unit) == (
        "baseline",
        "list.p99",
        1.2,
        "s",
    )


def test_what_the_judge_says_of_a_drill_is_believed(tmp_path: Path) -> None:
    folder = JudgedDrill().write(tmp_path)
    judge(folder).write(folder.verdict)
    run = only(tmp_path)
    assert (run.standing, run.why, run.experiment) == (Standing.PASS, "", "kill")
    assert run.start == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert run.held == "10 of 10"


def test_a_folder_may_be_moved_and_its_files_be_copied(tmp_path: Path) -> None:
    folder = write_past(tmp_path / "a")
    shutil.copytree(
        folder.path, tmp_path / "b" / "moved" / folder.run, copy_function=shutil.copyfile
    )
    assert only(tmp_path / "b").standing is Standing.PASS


def another_run(folder: RunFolder) -> None:
    other = write_past(folder.path.parents[2] / "other", at=FIRST + timedelta(days=1))
    shutil.copy(other.verdict, folder.verdict)


def sealed_anew(folder: RunFolder) -> None:
    (folder.samples / "probe.parquet").write_bytes(b"other probes")
    seal(folder)


def no_manifest(folder: RunFolder) -> None:
    folder.manifest.unlink()


def manifest_changed(folder: RunFolder) -> None:
    folder.manifest.write_text(folder.manifest.read_text().replace("probe", "probf"))


def shortened(folder: RunFolder) -> None:
    os.truncate(folder.schedule, 3)


def gone(folder: RunFolder) -> None:
    folder.schedule.unlink()


def of_an_earlier_version(folder: RunFolder) -> None:
    said = json.loads(folder.verdict.read_text())
    del said["manifest"]
    folder.verdict.write_text(json.dumps(said))


def says_pass(folder: RunFolder) -> None:
    said = json.loads(folder.verdict.read_text())
    said["objectives"][0]["verdict"] = "FAIL"
    folder.verdict.write_text(json.dumps(said))


def of_nothing(folder: RunFolder) -> None:
    folder.manifest.unlink()
    report_of(folder).model_copy(update={"manifest": ""}).write(folder.verdict)


STALE: list[tuple[Callable[[RunFolder], None], str]] = [
    (another_run, "verdict.json is of other evidence than manifest.json"),
    (sealed_anew, "verdict.json is of other evidence than manifest.json"),
    (no_manifest, "verdict.json is of evidence whose manifest is missing, or was changed"),
    (manifest_changed, "verdict.json is of evidence whose manifest is missing, or was changed"),
    (shortened, "schedule.json was changed since"),
    (gone, "schedule.json was changed since"),
    (of_an_earlier_version, "verdict.json does not say of which evidence it is"),
    (says_pass, "verdict.json says PASS, and that not everything held"),
    (of_nothing, "verdict.json says PASS of evidence that no manifest closes"),
]


@pytest.mark.parametrize(("change", "why"), STALE, ids=[change.__name__ for change, _ in STALE])
def test_a_verdict_that_is_not_of_its_evidence_is_stale(
    change: Callable[[RunFolder], None], why: str, tmp_path: Path
) -> None:
    folder = write_past(tmp_path / "reports")
    assert only(tmp_path / "reports").standing is Standing.PASS
    change(folder)
    run = only(tmp_path / "reports")
    assert (run.standing, run.why) == (Standing.STALE, why)
    assert (run.objectives, run.held) == ([], "")


def test_what_heal_adds_to_the_ledger_changes_nothing(tmp_path: Path) -> None:
    folder = write_past(tmp_path)
    with folder.ledger.open("a") as ledger:
        ledger.write("a line\n")
    assert only(tmp_path).standing is Standing.PASS


def test_what_was_judged_again_after_a_change_is_invalid_and_not_stale(tmp_path: Path) -> None:
    folder = JudgedDrill().write(tmp_path)
    judge(folder).write(folder.verdict)
    with folder.cluster.open("a") as file:
        file.write(" ")
    assert only(tmp_path).standing is Standing.STALE
    judge(folder).write(folder.verdict)
    run = only(tmp_path)
    assert run.standing is Standing.INVALID
    assert run.why.startswith("cluster.json: is of ")


def test_a_drill_that_was_killed_and_judged_is_invalid(tmp_path: Path) -> None:
    folder = JudgedDrill().write(tmp_path)
    folder.manifest.unlink()
    judge(folder).write(folder.verdict)
    assert only(tmp_path).standing is Standing.INVALID


def test_only_hashing_finds_a_change_of_the_same_size(tmp_path: Path) -> None:
    folder = write_past(tmp_path)
    file = folder.samples / "probe.parquet"
    file.write_bytes(file.read_bytes().swapcase())
    run = only(tmp_path)
    assert run.standing is Standing.PASS
    looked, whole = verified(run, tmp_path)
    assert (looked.standing, whole) == (Standing.STALE, False)
    assert looked.why == "samples/probe.parquet: was changed since the drill had ended"


def test_hashing_finds_nothing_where_nothing_was_changed(month: Path) -> None:
    for run in read_history(month):
        assert verified(run, month) == (run, True)


def written(name: str, data: bytes) -> Callable[[RunFolder], object]:
    return lambda folder: (folder.path / name).write_bytes(data)


def pipe(folder: RunFolder) -> None:
    folder.verdict.unlink()
    os.mkfifo(folder.verdict)


def newer(folder: RunFolder) -> None:
    said = json.loads(folder.verdict.read_text())
    folder.verdict.write_text(json.dumps(said | {"schema_version": 99}))


UNREADABLE: list[tuple[Callable[[RunFolder], object], str]] = [
    (written("verdict.json", b""), "verdict.json: "),
    (written("verdict.json", b'{"schema_version": 1'), "verdict.json: "),
    (written("verdict.json", b"[]"), "verdict.json: "),
    (written("verdict.json", b"\xff\xfe"), "verdict.json: "),
    (written("verdict.json", b"[" * 100_000), "verdict.json: "),
    (newer, "verdict.json: is of schema 99"),
    (pipe, "verdict.json: is no file"),
    (lambda folder: folder.verdict.unlink(), "has no verdict.json"),
    (
        lambda folder: (folder.verdict.unlink(), folder.manifest.unlink()),
        "has neither verdict nor manifest: kubedrill was killed",
    ),
    (lambda folder: (shutil.rmtree(folder.path), folder.path.mkdir()), "has neither verdict nor"),
]


@pytest.mark.parametrize(("change", "why"), UNREADABLE)
def test_what_cannot_be_read_is_listed_with_why_and_hides_nothing(
    change: Callable[[RunFolder], object], why: str, tmp_path: Path
) -> None:
    folder = write_past(tmp_path)
    write_past(tmp_path, at=FIRST + timedelta(days=1))
    change(folder)
    run, other = read_history(tmp_path)
    assert (run.path, run.standing) == (f"etcd-member-kill/{folder.run}", Standing.UNJUDGED)
    assert run.why.startswith(why)
    assert (run.experiment, run.start, run.objectives) == ("etcd-member-kill", FIRST, [])
    assert other.standing is Standing.PASS


def test_links_files_and_folders_of_others_are_no_runs(tmp_path: Path) -> None:
    write_past(tmp_path)
    (tmp_path / "index.html").write_text("")
    (tmp_path / "etcd-member-kill.chaos").mkdir()
    (tmp_path / "etcd-member-kill" / "notes").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "etcd-member-kill")
    assert (tmp_path / "etcd-member-kill" / "latest").is_symlink()
    assert len(read_history(tmp_path)) == 1


def test_a_renamed_run_is_known_by_its_first_phase(tmp_path: Path) -> None:
    folder = write_past(tmp_path)
    folder.path.rename(folder.path.with_name("kept"))
    run = only(tmp_path)
    assert (run.path, run.start) == (
        "etcd-member-kill/kept",
        datetime(2026, 1, 31, 12, tzinfo=UTC),
    )


def test_a_comparison_and_its_runs_are_known(tmp_path: Path) -> None:
    folder = write_comparison(tmp_path)
    report, _ = judge_all(folder)
    report.write(folder.verdict)
    runs = {run.path.removeprefix(f"lists/{folder.run}"): run for run in read_history(tmp_path)}
    assert len(runs) == 5
    assert (runs[""].standing.value, runs[""].experiment) == (report.verdict.value, "lists")
    played = [run for path, run in runs.items() if path]
    assert {run.standing for run in played} == {Standing.PASS}
    looked = [verified(run, tmp_path) for run in runs.values()]
    assert all(whole for _, whole in looked)
    fast = RunFolder(tmp_path / next(run.path for run in played if "/fast/" in run.path))
    seal_of_another = fast.manifest.read_text().replace("}", "} ", 1)
    fast.manifest.write_text(seal_of_another)
    again = {run.path: run.standing for run in read_history(tmp_path)}
    assert again[fast.path.relative_to(tmp_path).as_posix()] is Standing.STALE
    assert again[f"lists/{folder.run}"] is Standing.STALE


def test_where_there_is_no_folder_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotStarted, match=r"nowhere: cannot be read .*--reports"):
        read_history(tmp_path / "nowhere")


def test_a_folder_without_runs_has_none(tmp_path: Path) -> None:
    assert read_history(tmp_path) == []


def test_evidence_without_a_verdict_is_unjudged(tmp_path: Path) -> None:
    write_evidence(tmp_path)
    assert only(tmp_path).standing is Standing.UNJUDGED
