"""What the timeline tells again must be what the files tell from which it was copied."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from judged_drill import JudgedDrill

from kubedrill.judge import judge
from kubedrill.record.folder import RunFolder
from kubedrill.record.manifest import check, seal
from kubedrill.record.timeline import DrillStarted
from kubedrill.record.verdict import Verdict


def without_line(path: Path, holding: str) -> None:
    lines = path.read_text().splitlines(keepends=True)
    first = next(line for line in lines if holding in line)
    lines.remove(first)
    path.write_text("".join(lines))


def replace_in(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def without_entry(ledger: Path, name: str) -> None:
    lines = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join(line for line in lines if f'"{name}-' not in line))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (
            lambda folder: folder.exits.write_text(""),
            "exits.jsonl: has no line of what timeline.jsonl tells of",
        ),
        (
            lambda folder: without_line(folder.timeline, '"exited"'),
            "exits.jsonl:1: timeline.jsonl does not tell of it",
        ),
        (
            lambda folder: without_line(folder.timeline, '"took-effect"'),
            "faults.jsonl:3: timeline.jsonl does not tell of it",
        ),
        (
            lambda folder: folder.faults.write_text(
                folder.faults.read_text().replace("proof of undone", "proof of nothing")
            ),
            "faults.jsonl:5: timeline.jsonl does not tell of it, or tells it otherwise",
        ),
        (
            lambda folder: without_line(folder.timeline, '"recovery"'),
            "timeline.jsonl: the phases that it tells of are not those of schedule.json",
        ),
        (
            lambda folder: replace_in(folder.cluster, '"name": "local-3az"', '"name": "all"'),
            "cluster.json: name: is not the cluster of schedule.json",
        ),
        (
            lambda folder: replace_in(folder.cluster, '"zone": "c"', '"zone": "7"'),
            "cluster.json: the zone of etcd-c is none of the cluster's",
        ),
    ],
)
def test_a_copy_that_differs_is_named(
    tmp_path: Path, damage: Callable[[RunFolder], object], words: str
) -> None:
    folder = JudgedDrill().write(tmp_path)
    assert judge(folder).verdict is Verdict.PASS
    damage(folder)
    seal(folder)
    report = judge(folder)
    assert report.verdict is Verdict.INVALID
    assert any(words in reason for reason in report.reasons), report.reasons


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (
            lambda folder: folder.ledger.write_text(""),
            "does not tell of load-list, prober, scraper, etcd.kill on etcd-b, which the drill began",
        ),
        (
            lambda folder: without_entry(folder.ledger, "etcd.kill"),
            "does not tell of etcd.kill on etcd-b, which the drill began",
        ),
        (
            lambda folder: without_line(folder.ledger, '"undone"'),
            "load-list was not undone, and timeline.jsonl does not say so",
        ),
    ],
)
def test_a_ledger_that_does_not_tell_of_what_was_begun_and_undone(
    tmp_path: Path, damage: Callable[[RunFolder], object], words: str
) -> None:
    folder = JudgedDrill().write(tmp_path)
    damage(folder)
    seal(folder)
    report = judge(folder)
    assert (report.verdict, report.reasons) == (Verdict.INVALID, [f"ledger.jsonl: {words}"])


def test_a_page_of_metrics_that_became_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    folder = JudgedDrill().write(tmp_path)
    page = folder.metrics / "etcd-a.prom.gz"
    page.unlink()
    os.mkfifo(page)
    seal(folder)
    assert not check(folder).readable
    report = judge(folder)
    assert report.verdict is Verdict.INVALID
    assert any("metrics/etcd-a.prom.gz" in reason for reason in report.reasons)


def test_a_machine_that_was_measured_after_the_first_phase_had_begun(tmp_path: Path) -> None:
    drill = JudgedDrill()
    drill.scrapes.calibration["time"] = drill.schedule().start
    report = drill.judged(tmp_path)
    assert report.reasons == ["machine.json: time: is not before the first phase"]


def test_a_timeline_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = JudgedDrill().write(tmp_path)
    read = Path.read_bytes

    def refused(path: Path) -> bytes:
        if path == folder.timeline:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refused)  # root may read whatever its mode is
    report = judge(folder)
    assert report.verdict is Verdict.INVALID
    assert "timeline.jsonl: cannot be read: Permission denied" in report.reasons


@pytest.mark.parametrize("name", ["load-list", "probe"])
def test_vitals_that_say_nothing_are_missing(tmp_path: Path, name: str) -> None:
    folder = JudgedDrill().write(tmp_path)
    (folder.samples / f"{name}.workers.jsonl").write_text("")
    seal(folder)
    report = judge(folder)
    assert report.verdict is Verdict.INVALID
    words = f"samples/{name}.workers.jsonl: is empty: nobody knows how its process was doing"
    assert any(words in reason for reason in report.reasons), report.reasons


@pytest.mark.parametrize("name", ["load-list", "probe"])
@pytest.mark.parametrize(
    ("gone", "words"),
    [
        (range(12, 14), ""),  # from 11 s to 14 s: 3 s
        (range(12, 15), "fault: samples/{}.workers.jsonl has a hole of 4.0 s"),
        (range(12, 40), "recovery: samples/{}.workers.jsonl has a hole of 10.0 s"),
    ],
)
def test_vitals_with_a_hole(tmp_path: Path, name: str, gone: range, words: str) -> None:
    folder = JudgedDrill().write(tmp_path)
    file = folder.samples / f"{name}.workers.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for second, line in enumerate(lines) if second not in gone))
    seal(folder)
    report = judge(folder)
    assert report.verdict is (Verdict.INVALID if words else Verdict.PASS), report.reasons
    assert not words or words.format(name) in report.reasons


def test_a_run_folder_that_was_made_after_the_first_phase_had_begun(tmp_path: Path) -> None:
    drill = JudgedDrill()
    made = DrillStarted(time=drill.schedule().start)
    drill.events = [made, *(event for event in drill.events if not isinstance(event, DrillStarted))]
    said = "timeline.jsonl: the run's folder was not made before the first phase"
    assert drill.judged(tmp_path).reasons == [said]


GOAWAY = "cluster.json: settings.flags.kube-apiserver.goaway-chance"
FLAGS = {"flags": {"kube-apiserver": {"goaway-chance": 0.001}}}


@pytest.mark.parametrize(
    ("settings", "reasons"),
    [
        (FLAGS, []),
        (FLAGS | {"zones": ["a", "b", "c"]}, []),
        ({"theirs": 1}, []),
        (
            {"flags": {"kube-apiserver": {"goaway-chance": 0.02}}},
            [f"{GOAWAY}: is 0.02, and by schedule.json 0.001"],
        ),
    ],
)
def test_a_cluster_that_was_not_changed_as_it_was_to_be_is_named(
    tmp_path: Path, settings: dict[str, Any], reasons: list[str]
) -> None:
    changes = FLAGS | {"port": None}
    drill = JudgedDrill(cluster_changes=changes, cluster_settings=settings)
    report = judge(drill.write(tmp_path))
    assert report.reasons == reasons
    assert report.verdict is (Verdict.INVALID if reasons else Verdict.PASS)
