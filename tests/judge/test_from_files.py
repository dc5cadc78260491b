"""The files alone decide: after conversion, on another machine, after a crash the verdict is the same."""

import shutil

import pytest
from judged_drill import JudgedDrill
from judged_scrapes import END, at
from told import event

from kubedrill.judge import convert, judge
from kubedrill.record.folder import RunFolder
from kubedrill.record.manifest import seal
from kubedrill.record.sample import Outcome
from kubedrill.record.verdict import Report, Verdict

MISSED = ("baseline", "list.p99 < 1ms")
UNKNOWN = ("fault", "etcd.fsync.p99 < 1s")


def of_what_was_measured(folder: RunFolder) -> Report:
    """Return the verdict, whatever files it is of: what is converted has a manifest of its own."""
    return judge(folder).model_copy(update={"manifest": ""})


def test_the_same_after_conversion_elsewhere_and_again(drill: JudgedDrill, tmp_path) -> None:
    drill.fail(12, 13, path="balancer", verb="write")
    drill.objectives += [MISSED, UNKNOWN]
    folder = drill.write(tmp_path)
    before = of_what_was_measured(folder)
    convert(folder)
    seal(folder)
    assert not list(folder.samples.glob("*.bin"))
    assert folder.metrics_parquet.exists()
    assert of_what_was_measured(folder) == before
    convert(folder)
    seal(folder)
    moved = RunFolder(tmp_path / "another" / "kill" / folder.run)
    shutil.copytree(folder.path, moved.path)
    shutil.rmtree(folder.path)
    assert of_what_was_measured(moved) == before


def test_a_conversion_killed_before_the_records_were_deleted(drill: JudgedDrill, tmp_path) -> None:
    folder = drill.write(tmp_path)
    before = of_what_was_measured(folder)
    raw = (folder.samples / "load-list.bin").read_bytes()
    convert(folder)
    (folder.samples / "load-list.bin").write_bytes(raw)
    (folder.samples / ".probe.parquet").write_bytes(b"half")
    seal(folder)
    assert of_what_was_measured(folder) == before
    convert(folder)
    seal(folder)
    assert of_what_was_measured(folder) == before
    assert not list(folder.samples.glob("*.bin"))


def test_what_was_cut_off_by_a_crash_is_left_out(drill: JudgedDrill, tmp_path) -> None:
    drill.events.pop()  # nobody came to write down the end, nor to close the evidence
    folder = drill.write(tmp_path)
    folder.manifest.unlink()
    before = judge(folder)
    assert before.reasons[1].startswith("interrupted: the timeline has no end")
    for file in (
        folder.ledger,
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
    assert of_what_was_measured(folder) == before


CUT_OFF = [
    ("ledger.jsonl", "ledger.jsonl:11: is cut off"),
    ("timeline.jsonl", "timeline.jsonl:15: is cut off"),
    ("faults.jsonl", "etcd.kill: faults.jsonl:6: is cut off"),
    (
        "samples/load-list.bin",
        "load list: samples/load-list.bin: the last record is cut off: 13 of 28 bytes",
    ),
    (
        "samples/probe.bin",
        "prober: samples/probe.bin: the last record is cut off: 13 of 32 bytes",
    ),
    ("resources.jsonl", "machine: resources.jsonl:33: is cut off"),
    (
        "samples/load-list.workers.jsonl",
        "load list: samples/load-list.workers.jsonl:31: is cut off",
    ),
    ("samples/probe.workers.jsonl", "prober: samples/probe.workers.jsonl:31: is cut off"),
]


@pytest.mark.parametrize(("name", "words"), CUT_OFF)
def test_a_line_cut_off_in_a_drill_that_was_not_killed(drill, tmp_path, name, words) -> None:
    folder = drill.write(tmp_path)
    with (folder.path / name).open("ab") as growing:
        growing.write(b'{"time": 1010')
    convert(folder)
    seal(folder)
    report = judge(folder)
    assert report.verdict is Verdict.INVALID
    assert any(words in reason for reason in report.reasons), report.reasons


NEEDED = {
    "health.jsonl": "etcd.healthy_members == 3",
    "exits.jsonl": "etcd.restarts == 0",
    "metrics/index.jsonl": "etcd.fsync.p99 < 1s",
}


@pytest.mark.parametrize("name", NEEDED)
def test_only_what_needs_a_file_is_invalid_without_it(drill, tmp_path, name) -> None:
    drill.objectives = [("baseline", "list.p99 < 1s"), ("baseline", NEEDED[name])]
    folder = drill.write(tmp_path)
    assert judge(folder).verdict is Verdict.PASS
    (folder.path / name).unlink()
    other, needing = judge(folder).objectives
    assert other.verdict is Verdict.PASS
    assert (needing.verdict, needing.reason) == (Verdict.INVALID, f"{name}: is missing")


def test_without_exits_restarts_are_unknown(drill: JudgedDrill, tmp_path) -> None:
    folder = drill.write(tmp_path)
    folder.exits.unlink()
    assert {row.restarts for row in judge(folder).resources if row.zone} == {None}


@pytest.mark.parametrize("name", ["load-list", "probe"])
def test_without_vitals_a_generator_cannot_be_trusted(drill, tmp_path, name) -> None:
    folder = drill.write(tmp_path)
    (folder.samples / f"{name}.workers.jsonl").unlink()
    report = judge(folder)
    assert report.verdict is Verdict.INVALID
    assert any(f"samples/{name}.workers.jsonl: is missing" in why for why in report.reasons)
    if name == "load-list":
        assert {row.lag_p99_s for row in report.load} == {None}


WRONG = [
    ("load", "outcome", 999, "record 10: its outcome is unknown"),
    ("load", "outcome", Outcome.UNANSWERED, "record 10: its outcome is unknown"),
    ("load", "series", 2, "record 10: its series is none of the 2"),
    ("load", "target", 1, "record 10: its target is none of the 1"),
    ("load", "first_byte_us", 20_001, "record 10: its first byte came after its end"),
    ("load", "total_us", 0, "record 10: it succeeded in no time"),
    ("probes", "first_byte_us", 0, "record 10: it succeeded without an answer"),
    ("load", "intended", at(-1), "record 10: was due outside the drill"),
    ("probes", "intended", at(END), "record 10: was due outside the drill"),
    ("probes", "series", 200, "record 10: its series is none of the 13"),
]


@pytest.mark.parametrize(("records", "field", "value", "words"), WRONG)
def test_samples_that_contradict_themselves(  # noqa: PLR0917 - a table
    drill, tmp_path, records, field, value, words
) -> None:
    getattr(drill, records)[field][10] = value
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    name = {"load": "load-list", "probes": "probe"}[records]
    assert any(f"samples/{name}.bin: {words}" in reason for reason in report.reasons)


@pytest.mark.parametrize("text", ["list.p99 < 1s", "list.p99 < 1ms"])
def test_verdict_json_reads_back(drill: JudgedDrill, tmp_path, text: str) -> None:
    drill.objectives[0] = ("baseline", text)
    folder = drill.write(tmp_path)
    report = judge(folder)
    report.write(folder.verdict)
    assert Report.read(folder.verdict) == report


BAD_OBJECTIVES = [
    ("baseline", "list.p99", 'objectives.1.text: no operator after "list.p99"'),
    ("nowhere", "list.p99 < 1s", 'objectives.1.phase: there is no phase "nowhere"'),
]


@pytest.mark.parametrize(("phase", "text", "words"), BAD_OBJECTIVES)
def test_what_is_no_objective_is_named(drill, tmp_path, phase, text, words) -> None:
    drill.objectives = [("baseline", "list.p99 < 1s"), (phase, text)]
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    assert any(f"schedule.json: {words}" in reason for reason in report.reasons), report.reasons


@pytest.mark.parametrize("text", ["lst.p99 < 1s", "list.rate >= 99% of lst.offered", "x == 1"])
def test_an_objective_on_what_this_drill_does_not_have(drill, tmp_path, text) -> None:
    drill.objectives = [("baseline", "list.p99 < 1s"), ("baseline", text)]
    known, unknown = drill.judged(tmp_path).objectives
    assert known.verdict is Verdict.PASS
    assert (unknown.verdict, unknown.value) == (Verdict.INVALID, None)
    assert unknown.reason in {
        "nothing measures lst",
        "nobody knows how much lst.offered was",
        "nothing measures x",
    }


def test_a_judge_that_fails_gives_a_verdict_and_says_where(drill, tmp_path, monkeypatch) -> None:
    def fails(evidence: object) -> dict[str, object]:
        raise RuntimeError("of its own")

    folder = drill.write(tmp_path)
    monkeypatch.setattr("kubedrill.judge.verdict.unhealthy", fails)
    report = judge(folder)
    line = fails.__code__.co_firstlineno + 1
    said = f"could not be judged: RuntimeError: of its own (test_from_files.py:{line}, in fails)"
    assert (report.verdict, report.reasons) == (Verdict.INVALID, [said])


def test_settings_of_everything_that_took_part(drill: JudgedDrill, tmp_path) -> None:
    seeded = event(at(-1), "seeded", "seeded", {"created": {"pods": 1000}, "seconds": 1.5})
    drill.events.insert(1, seeded)
    settings = drill.judged(tmp_path).settings
    versions = {"python": "3.11", "kube-apiserver": "1.37.2", "etcd": "3.7.3"}
    assert settings["versions"] == versions
    assert settings["cluster"]["zones"] == ["a", "b", "c"]
    assert settings["loads"] == {"list": {"profile": "mass-list", "rate": "100/s"}}
    assert settings["seeded"] == {"pods": 1000, "seconds": 1.5}
    assert settings["prober"]["deadline_s"] == 1.0
