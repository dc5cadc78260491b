"""`kubedrill compare` on run folders: which runs are meant, what is answered, and the exit code of a gate."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sets_of_runs import STEADY, Recorded, write_set
from sets_of_runs import typed as kubedrill

from kubedrill.record.folder import RunFolder
from kubedrill.record.verdict import Report, Verdict
from kubedrill.regression.comparing import Inquiry, compare
from kubedrill.regression.verdict import RegressionReport, Shift

FEW = STEADY[:7]


def answered(reports: Path, *words: str) -> tuple[int, RegressionReport]:
    done = kubedrill("compare", *words, "--reports", reports, "--json")
    assert done.stdout, done.stdout
    return done.returncode, RegressionReport.model_validate_json(done.stdout)


def test_a_gate(reports: Path) -> None:
    code, report = answered(reports, "release=2.3", "release=2.4")
    assert (code, report.change) == (0, Shift.SAME), report.reasons
    assert len(report.measures) >= 20
    code, report = answered(reports, "release=2.3", "release=2.5")
    assert (code, report.change) == (1, Shift.WORSE)
    worse = {(result.phase, result.name) for result in report.measures if result.alarms}
    assert worse == {
        (phase, name)
        for phase in ("baseline", "fault", "recovery")
        for name in ("list.p50", "list.p99")
    }
    code, report = answered(reports, "release=2.5", "release=2.3")
    assert (code, report.change) == (0, Shift.BETTER)


def test_what_is_printed(reports: Path) -> None:
    done = kubedrill("compare", "release=2.3", "release=2.5", "--reports", reports)
    assert done.returncode == 1
    assert done.stdout.startswith(
        "WORSE  kill: release=2.5 against release=2.3, 8 runs against 8\n"
    )
    assert "Label release: 2.5 against 2.3" in done.stdout
    assert "Differs: flags.etcd.release: 2.5 against 2.3" in done.stdout
    [row] = [line for line in done.stdout.splitlines() if line.startswith("baseline")]
    assert row.split()[1:4] == ["list.p99", "20", "ms"]


@pytest.mark.parametrize(
    ("baseline", "candidate"),
    [
        ("kill,release=2.3", "kill,release=2.5"),
        ("{0}/kill,release=2.3", "release=2.5"),
        ("{0}/kill/20260101T120000Z,{0}/kill/20260101T120001Z", "release=2.5"),
    ],
)
def test_ways_to_name_runs(reports: Path, baseline: str, candidate: str) -> None:
    _, report = answered(reports, baseline.format(reports), candidate)
    assert report.baseline.runs == [
        f"kill/20260101T12000{n}Z" for n in range(2 if "T12" in baseline else 8)
    ]
    assert len(report.candidate.runs) == 8


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["release=2.3"], "two sides are compared: BASELINE CANDIDATE"),
        (
            ["kill", "kil"],
            '"kil" is no folder of runs, no baseline and no label (KEY=VALUE); did you mean',
        ),
        (["release=2.3", "release=2.6"], 'carries that; did you mean "release='),
        (["kill", "release=2.4"], "is on both sides; a run is on one"),
        (["--baseline", "x", "release=2.4"], 'unknown baseline "x"'),
        (
            ["release=2.3", "release=2.4", "--threshold", "10"],
            "--threshold 10: is no share; write 10%",
        ),
        (
            ["release=2.3", "release=2.4", "--threshold", "0%"],
            "--threshold 0%: must be more than 0",
        ),
        (
            ["release=2.3", "release=2.4", "--threshold", "list.p98=5%"],
            '--threshold: unknown measure "list.p98"; did you mean "list.p99"?',
        ),
        (
            ["release=2.3", "release=2.4", "--measure", "lst.p99"],
            '--measure: unknown measure "lst.p99"; did you mean "list.p99"?',
        ),
        (["release=2.3", "release=2.4", "--confidence", "50%"], "must be from 80% to 99%, not 50%"),
        (["release=2.3", "release=2.4", "--confidence", "0.9"], "--confidence"),
        (["release=2.3", "release=2.4", "--allow", "experiment"], "--allow"),
        (["release=2.3", "release=2.4", "--acknowledged", "none.yaml"], "none.yaml: no such file"),
    ],
)
def test_what_is_mistyped_is_named(reports: Path, words: list[str], said: str) -> None:
    done = kubedrill("compare", *words, "--reports", reports)
    assert done.returncode == 3
    assert said in done.stdout
    assert "Traceback" not in done.stdout


def damage(run: Path) -> None:
    with (run / "timeline.jsonl").open("a") as file:
        file.write("\n")


def unjudge(run: Path) -> None:
    (run / "verdict.json").unlink()


def garble(run: Path) -> None:
    (run / "verdict.json").write_text("{}")


def exchange(run: Path) -> None:
    """Another run's verdict."""
    folder = RunFolder(run)
    told = {"run": "another", "manifest": "0" * 64}
    Report.read(folder.verdict).model_copy(update=told).write(folder.verdict)


def invalidate(run: Path) -> None:
    folder = RunFolder(run)
    changes = {"verdict": Verdict.INVALID, "reasons": ["fault: the generator lagged"]}
    Report.read(folder.verdict).model_copy(update=changes).write(folder.verdict)


USELESS: list[tuple[Callable[[Path], None], str]] = [
    (damage, "its evidence is not what it was: timeline.jsonl: is of "),
    (unjudge, "has no verdict.json; run: kubedrill judge "),
    (garble, "its verdict.json is no verdict; run: kubedrill judge "),
    (exchange, "its verdict.json is stale, not of the evidence beside it; run: kubedrill judge "),
    (invalidate, "is INVALID: fault: the generator lagged"),
]


@pytest.mark.parametrize(("spoil", "why"), USELESS)
def test_a_run_that_proves_nothing_is_left_out_and_named(tmp_path: Path, spoil, why: str) -> None:
    before, after = write_set(tmp_path, 1), write_set(tmp_path, 2, 1.2)
    spoil(after[3])
    sides = [",".join(map(str, side)) for side in (before, after)]
    report = compare(*sides, Inquiry(tmp_path))
    assert report.change is Shift.WORSE
    assert len(report.candidate.runs) == 7
    [unused] = report.unused
    assert unused.run == "kill/20260102T120003Z"
    assert unused.why.startswith(why)


def test_what_is_left_of_a_side_that_mostly_proves_nothing_is_not_compared(tmp_path: Path) -> None:
    before, after = write_set(tmp_path, 1), write_set(tmp_path, 2)
    for run in after[:3]:
        invalidate(run)
    sides = [",".join(map(str, side)) for side in (before, after)]
    report = compare(*sides, Inquiry(tmp_path))
    assert (report.change, report.exit_code) == (Shift.NOT_COMPARABLE, 2)
    assert report.reasons[0].startswith("of the candidate's 8 runs 3 prove nothing")
    for run in after:
        invalidate(run)
    [reason] = compare(*sides, Inquiry(tmp_path)).reasons
    assert reason.startswith(
        "the candidate has no run that proves anything; the first, kill/20260102"
    )


def between(tmp_path: Path, before: Recorded, after: Recorded, *allowed: str) -> RegressionReport:
    sides = [
        ",".join(map(str, write_set(tmp_path, day, recorded=recorded, multiples=FEW)))
        for day, recorded in ((1, before), (2, after))
    ]
    return compare(*sides, Inquiry(tmp_path, allowed=allowed))


OTHERS = [
    (
        Recorded(version="0.2.0"),
        "they are of two versions of kubedrill: 0.1.0 (kill/2026",
        "version",
    ),
    (
        Recorded(work_cpu_s=0.03),
        "the candidate's machine was slower by 25%: a piece of work took 24.0 ms of a core at",
        "machine",
    ),
    (
        Recorded(drill={"objectives": [("baseline", "list.p99 < 2s")]}),
        "they are of different experiment files: slos.baseline: 3 of them against 1 of them",
        "",
    ),
    (
        Recorded(drill={"loaded": {"parameters": {"limit": 500}}}),
        "they are of different experiment files: load[0].with.limit: nothing against 500 (kill/",
        "",
    ),
]


@pytest.mark.parametrize(("after", "why", "allow"), OTHERS)
def test_what_cannot_be_compared_is_refused(tmp_path: Path, after, why: str, allow: str) -> None:
    report = between(tmp_path / "a", Recorded(), after)
    assert (report.change, report.exit_code) == (Shift.NOT_COMPARABLE, 2)
    assert report.measures == []
    assert any(reason.startswith(why) for reason in report.reasons), report.reasons
    if allow:
        assert between(tmp_path / "b", Recorded(), after, allow).change is not Shift.NOT_COMPARABLE


def test_a_machine_is_the_same_within_what_it_differs_from_itself(tmp_path: Path) -> None:
    report = between(tmp_path, Recorded(), Recorded(work_cpu_s=0.026))
    assert report.change is not Shift.NOT_COMPARABLE


def test_a_side_of_two_clusters_is_none(tmp_path: Path) -> None:
    before = write_set(tmp_path, 1, multiples=FEW)
    after = write_set(tmp_path, 2, multiples=FEW)
    after += write_set(tmp_path, 3, multiples=FEW[:1], recorded=Recorded(cluster={"zones": ["a"]}))
    sides = [",".join(map(str, side)) for side in (before, after)]
    [reason] = compare(*sides, Inquiry(tmp_path)).reasons
    assert reason.startswith("the candidate's runs are not of one cluster: zones: ")


def test_a_variant_proves_that_it_is_one(tmp_path: Path) -> None:
    old, new = ({"release": release} for release in ("2.3", "2.4"))
    flags = {"flags": {"etcd": {"snapshot-count": 5000}}}
    report = between(tmp_path / "a", Recorded(old), Recorded(new, cluster=flags))
    assert [(told.what, told.baseline, told.candidate) for told in report.differs] == [
        ("flags", "nothing", str(flags["flags"])[:60])
    ]
    assert [told.what for told in report.labels_differ] == ["release"]
    assert report.notes == []
    report = between(tmp_path / "b", Recorded(old), Recorded(new))
    assert report.differs == []
    assert report.notes[0].startswith("labels say that the sides differ, and nothing differs that")
    report = between(tmp_path / "c", Recorded(old), Recorded(old, cluster=flags))
    assert report.notes == ["what the runs recorded differs, and no label says so"]


def test_a_measure_that_a_side_has_lost_is_not_forgotten(tmp_path: Path) -> None:
    """Of a load of which nothing is answered nobody knows a latency."""
    before, after = write_set(tmp_path, 1), write_set(tmp_path, 2)
    for run in after:
        folder = RunFolder(run)
        report = Report.read(folder.verdict)
        load = [row.model_copy(update={"latency_s": {}}) for row in report.load]
        report.model_copy(update={"load": load}).write(folder.verdict)
    sides = [",".join(map(str, side)) for side in (before, after)]
    report = compare(*sides, Inquiry(tmp_path))
    [lost] = [each for each in report.measures if (each.phase, each.name) == ("fault", "list.p50")]
    assert (lost.change, lost.reason) == (
        Shift.NOT_ENOUGH,
        "not known in 8 of 8 runs of the candidate",
    )
    assert report.exit_code == 2


def test_without_scipy_the_extra_is_named(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    done = kubedrill("compare", "release=2.3", "release=2.4", "--reports", reports)
    assert (done.returncode, done.stdout) == (
        3,
        'comparing needs scipy, which the extra "stats" brings: pip install "kubedrill[stats]"\n',
    )


def test_the_schema_is_that_of_what_is_printed(reports: Path) -> None:
    from jsonschema import validate

    schema = json.loads(kubedrill("schema", "regression").stdout)
    done = kubedrill("compare", "release=2.3", "release=2.5", "--reports", reports, "--json")
    validate(json.loads(done.stdout), schema)
