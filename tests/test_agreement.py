"""A run's schedule is that of the experiment file beside it, or the drill is INVALID and says where not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commanding import kubedrill
from judged_drill import JudgedDrill

from kubedrill import judging
from kubedrill.catalogue import read_experiment
from kubedrill.clock import SECOND, ClockPair
from kubedrill.experiment import schedule, to_yaml
from kubedrill.experiment.agreement import differences
from kubedrill.record.folder import RunFolder
from kubedrill.record.manifest import seal
from kubedrill.record.schedule import Schedule
from kubedrill.record.verdict import Verdict

SHIPPED = sorted((Path(__file__).parents[1] / "experiments").glob("*.yaml"))
Raw = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return JudgedDrill().write(tmp_path)


def changed(folder: RunFolder, change: Callable[[Raw], object]) -> list[str]:
    """Change schedule.json, make the manifest anew, and return the reasons of the verdict."""
    raw = json.loads(folder.schedule.read_text())
    change(raw)
    folder.schedule.write_text(json.dumps(raw))
    seal(folder)
    report = judging.judge(folder)
    assert report.verdict is Verdict.INVALID
    return report.reasons


def set_to(value: Any, *place: str | int) -> Callable[[Raw], object]:
    def change(raw: Raw) -> None:
        inner: Any = raw
        for step in place[:-1]:
            inner = inner[step]
        inner[place[-1]] = value

    return change


def loosened(raw: Raw) -> None:
    raw["objectives"][0]["text"] = "list.p99 < 20s"


def dropped(raw: Raw) -> None:
    del raw["objectives"][1]


def all_dropped(raw: Raw) -> None:
    raw["objectives"] = raw["objectives"][:1]


def another_phase(raw: Raw) -> None:
    raw["objectives"][0]["phase"] = "warmup"


def longer(raw: Raw) -> None:
    raw["phases"][0]["end"] += SECOND
    raw["phases"][1]["start"] += SECOND


def gap(raw: Raw) -> None:
    raw["phases"][1]["start"] += 1


def later_fault(raw: Raw) -> None:
    raw["faults"][0]["inject"] += SECOND


def another_load(raw: Raw) -> None:
    raw["loads"].append({**raw["loads"][0], "name": "more"})


HERE = "schedule.json"
CHANGES = [
    (loosened, 'slos.baseline[0]: "list.p99 < 1s" in experiment.yaml, "list.p99 < 20s" in sch'),
    (dropped, 'slos.baseline: "3 of them" in experiment.yaml, "2 of them" in schedule.json'),
    (all_dropped, "slos.recovery: \"['list.error_rate < 0.1%'"),
    (another_phase, 'slos.warmup: "nothing" in experiment.yaml'),
    (longer, 'phases.warmup: "5s" in experiment.yaml, "6s" in schedule.json'),
    (gap, "phases: baseline does not begin where warmup ends"),
    (later_fault, 'faults[0].at: "0s" in experiment.yaml, "1s" in'),
    (set_to("fault", "faults", 0, "name"), "faults[0].etcd.kill: "),
    (set_to({"member": "a"}, "faults", 0, "arguments"), 'faults[0].etcd.kill.member: "leader" in'),
    (set_to([], "faults"), 'faults: "1 of them" in experiment.yaml, "0 of them" in schedule.json'),
    (set_to([[0.0, 10.0]], "loads", 0, "arrivals", "points"), 'load[0].rate: "100/s" in'),
    (set_to("poisson", "loads", 0, "arrivals", "spacing"), 'load[0].spacing: "paced" in'),
    (set_to(5, "loads", 0, "arrivals", "burst"), 'load[0].burst: "1" in'),
    (set_to(3, "loads", 0, "arrivals", "clients"), 'load[0].closed_loop: "nothing" in'),
    (set_to(["fault"], "loads", 0, "phases"), 'load[0].phases: "0 of them" in'),
    (set_to(2, "loads", 0, "processes"), 'load[0].processes: "1" in'),
    (set_to({"a": 1}, "loads", 0, "parameters"), 'load[0].with.a: "nothing" in'),
    (set_to("pod-churn", "loads", 0, "profile"), 'load[0].profile: "mass-list" in'),
    (set_to([], "loads"), 'load: "1 of them" in experiment.yaml, "0 of them" in schedule.json'),
    (another_load, 'load: "1 of them" in experiment.yaml, "2 of them" in schedule.json'),
    (set_to(9.0, "probing", "deadline_s"), 'probing.deadline: "1s" in experiment.yaml, "9s" in'),
    (set_to(1.0, "probing", "fresh_rate"), 'probing.rates.fresh: "10/s" in'),
    (set_to(60.0, "scraping", "etcd_s"), 'scraping.etcd: "1s" in experiment.yaml, "60s" in'),
    (set_to(["availability < 1% for 9s"], "abort"), 'abort: "0 of them" in'),
    (set_to("none", "headroom"), 'headroom: "required" in experiment.yaml, "none" in'),
    (set_to(0.5, "scale"), 'scale: "1" in experiment.yaml, "0.5" in schedule.json'),
    (set_to("another", "title"), 'title: "An etcd member dies" in'),
    (set_to(14, "claim"), 'claim: "13" in experiment.yaml, "14" in schedule.json'),
    (set_to("kind", "cluster"), 'cluster: "local-3az" in'),
]


def test_as_it_ran_it_agrees(folder: RunFolder) -> None:
    assert judging.judge(folder).verdict is Verdict.PASS


@pytest.mark.parametrize(("change", "words"), CHANGES)
def test_what_differs_is_named(folder: RunFolder, change, words: str) -> None:
    reasons = changed(folder, change)
    assert any(reason.startswith(f"schedule.json: {words}") for reason in reasons), reasons


FILES = [
    ("slos:", "slots:", 'slos: "nothing" in experiment.yaml'),
    ("rate: 100/s", "rate: 200/s", 'load[0].rate: "200/s" in experiment.yaml, "100/s" in'),
    ("title: ", "title: [", "title: experiment.yaml cannot be read there: "),
]


@pytest.mark.parametrize(("before", "after", "words"), FILES)
def test_a_changed_experiment_file_is_named_as_well(folder, before, after, words) -> None:
    text = folder.experiment_yaml.read_text()
    assert before in text
    folder.experiment_yaml.write_text(text.replace(before, after, 1))
    seal(folder)
    report = judging.judge(folder)
    assert report.verdict is Verdict.INVALID
    assert any(reason.startswith(f"schedule.json: {words}") for reason in report.reasons), (
        report.reasons
    )


def test_a_key_that_is_there_twice_is_named(folder: RunFolder) -> None:
    text = folder.experiment_yaml.read_text()
    folder.experiment_yaml.write_text(f"claim: 13\n{text}")
    seal(folder)
    [reason] = judging.judge(folder).reasons
    assert reason == "schedule.json: claim: is in experiment.yaml more than once"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('"pods":1000', '"pods":10', "{'pods': 10}"),
        ('"secrets":0', '"secrets":5', "{'pods': 1000, 'secrets': 5}"),
        ('"kind":"seeded"', '"kind":"note"', "{}"),
    ],
)
def test_seeds_that_were_others(folder: RunFolder, before: str, after: str, words: str) -> None:
    lines = folder.timeline.read_text().splitlines(keepends=True)
    kept = [line.replace(before, after) for line in lines]
    folder.timeline.write_text("".join(line for line in kept if '"note"' not in line))
    seal(folder)
    [reason] = judging.judge(folder).reasons
    told = f'"{words}" by what it tells of'
    assert reason == f"timeline.jsonl: seed: \"{{'pods': 1000}}\" in experiment.yaml, {told}"


def test_a_missing_experiment_file_is_named_once(folder: RunFolder) -> None:
    folder.experiment_yaml.unlink()
    assert judging.judge(folder).reasons == ["experiment.yaml: is missing"]
    seal(folder)
    assert judging.judge(folder).reasons == ["experiment.yaml: is missing"]


def test_one_that_is_no_text_is_named(folder: RunFolder) -> None:
    folder.experiment_yaml.write_bytes(b"\xff\xfe")
    seal(folder)
    [reason] = judging.judge(folder).reasons
    assert reason.startswith("experiment.yaml: not UTF-8")


def test_the_same_values_in_another_hand_are_the_same(folder: RunFolder) -> None:
    text = folder.experiment_yaml.read_text()
    folder.experiment_yaml.write_text(
        text.replace("title: An etcd", 'title: "An etcd').replace(
            "member dies\n", 'member dies"\n', 1
        )
    )
    assert text != folder.experiment_yaml.read_text()
    seal(folder)
    assert judging.judge(folder).verdict is Verdict.PASS


def test_judge_and_report_alike(folder: RunFolder) -> None:
    assert kubedrill("judge", folder.path).returncode == 0
    changed(folder, loosened)
    for name in ("report", "judge"):
        done = kubedrill(name, folder.path)
        assert done.returncode == 2, done.stdout + done.stderr
        said = " ".join((done.stdout + done.stderr).split())
        assert 'slos.baseline[0]: "list.p99 < 1s" in experiment.yaml' in said
        assert json.loads(folder.verdict.read_text())["verdict"] == "INVALID"


OPTIONS = [
    ([], 1.0),
    (["probing.rates.fresh=3.3/s"], 1.0),
    ([], 0.37),
]


@pytest.mark.parametrize(("overrides", "scale"), OPTIONS)
@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_what_is_shipped_agrees_with_itself(file: Path, overrides, scale) -> None:
    experiment, _ = read_experiment(file, overrides, scale=scale)
    plan = schedule(experiment, file.stem, "run", ClockPair(1, 2, "boot"), 12_345_678_901_234)
    read = Schedule.from_dict(plan.as_dict())
    assert list(differences(to_yaml(experiment), read)) == []
