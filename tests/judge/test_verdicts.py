"""From files to a verdict: INVALID before FAIL before PASS, every reason kept."""

import pytest
from judged_drill import JudgedDrill
from judged_scrapes import END, at
from told import event

from kubedrill.errors import NotStarted
from kubedrill.judge import judge
from kubedrill.record.folder import RunFolder
from kubedrill.record.manifest import seal
from kubedrill.record.verdict import Verdict

MISSED = ("baseline", "list.p99 < 1ms")
UNKNOWN = ("fault", "etcd.fsync.p99 < 1s")


def ended(drill: JudgedDrill, second: float, name: str, **details: str) -> None:
    """Let the drill end so, instead of as planned."""
    drill.events[-1] = event(at(second), "drill", name, details)


def blind(drill: JudgedDrill) -> None:
    """Make UNKNOWN unknown, and nothing else."""
    for page in drill.scrapes.of("etcd-c", 12, 14):
        page.error, page.values = "timeout", {}
    drill.objectives = [
        objective for objective in drill.objectives if "elections" not in objective[1]
    ]


def test_a_healthy_drill_passes(drill: JudgedDrill, tmp_path) -> None:
    report = drill.judged(tmp_path)
    assert (report.verdict, report.reasons) == (Verdict.PASS, [])
    assert {objective.verdict for objective in report.objectives} == {Verdict.PASS}
    assert [
        (objective.phase, objective.text) for objective in report.objectives
    ] == drill.objectives
    assert [phase.name for phase in report.phases] == ["warmup", "baseline", "fault", "recovery"]
    assert report.phases[1].date == "2026-01-31T12:00:05.000Z"


def test_one_missed_objective_fails_and_all_others_are_evaluated(
    drill: JudgedDrill, tmp_path
) -> None:
    drill.objectives.insert(0, MISSED)
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.FAIL
    assert report.reasons == ["baseline: list.p99 < 1ms: 20ms is not below 1ms"]
    assert [objective.verdict for objective in report.objectives] == [Verdict.FAIL] + [
        Verdict.PASS
    ] * 10


def test_invalid_comes_before_fail_and_both_are_said(drill: JudgedDrill, tmp_path) -> None:
    blind(drill)
    drill.objectives += [MISSED, UNKNOWN]
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    unknown, missed = report.reasons
    assert unknown.startswith("fault: etcd.fsync.p99 < 1s: etcd-c did not answer")
    assert missed == "baseline: list.p99 < 1ms: 20ms is not below 1ms"


@pytest.mark.parametrize("objectives", [[MISSED], []])
def test_a_broken_drill_is_invalid_whatever_it_measured(
    drill: JudgedDrill, tmp_path, objectives: list[tuple[str, str]]
) -> None:
    drill.objectives = objectives
    drill.events.append(event(at(12), "child", "prober", {"status": -9, "pid": 7}))
    assert drill.judged(tmp_path).verdict is Verdict.INVALID


def test_without_objectives_nothing_is_proven(drill: JudgedDrill, tmp_path) -> None:
    drill.objectives = []
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    assert report.reasons == ["no objective: nothing was to be proven"]


def test_an_aborted_drill_fails_with_its_condition_first(drill: JudgedDrill, tmp_path) -> None:
    ended(drill, 15, "aborted", condition="availability < 50% for 3s")
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.FAIL
    assert report.reasons[0] == "aborted: availability < 50% for 3s"
    by_phase = {objective.phase: objective.verdict for objective in report.objectives}
    assert by_phase["baseline"] is Verdict.PASS
    assert by_phase["fault"] is by_phase["recovery"] is Verdict.INVALID
    assert "fault: the drill ended 5.0 s into it" in report.reasons
    assert "recovery: the drill ended before it" in report.reasons
    assert [phase.name for phase in report.phases] == ["warmup", "baseline", "fault"]
    # Its fault is undone at 20 s, as if it had taken that long.
    assert (
        "the last undo began 5.00 s after the sample with which availability < 50% for 3s had held"
        in report.notes
    )


def test_the_reaction_lasts_until_the_last_undo(drill: JudgedDrill, tmp_path) -> None:
    ended(drill, 15, "aborted", condition="availability < 50% for 3s")
    drill.scheduled_faults *= 2
    first = [line for line in drill.faults if line["event"] not in {"undoing", "undone"}]
    drill.faults += [{**line, "index": 1} for line in first]
    for event_name, second in (("undoing", 22), ("undone", 24)):
        drill.faults.append({**first[0], "index": 1, "event": event_name, "time": at(second)})
    report = drill.judged(tmp_path)
    assert (report.abort_reaction_s, report.abort_undone_s) == (7.0, 9.0)


def test_an_abort_because_of_a_late_load_is_invalid(drill: JudgedDrill, tmp_path) -> None:
    ended(drill, 15, "aborted", condition="list.p99 > 1s for 3s")
    drill.load["wait_us"][drill.lists(12, 13)] = 400_000
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    assert report.reasons[1].startswith("fault: load list: 20.00% of 500 arrivals started more")


def test_an_aborted_drill_that_was_broken_is_invalid(drill: JudgedDrill, tmp_path) -> None:
    ended(drill, 15, "aborted", condition="availability < 50% for 3s")
    drill.events.insert(2, event(at(12), "child", "prober", {"status": -9, "pid": 7}))
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    assert report.reasons[0] == "aborted: availability < 50% for 3s"


def test_an_abort_because_of_a_late_prober_is_invalid(drill: JudgedDrill, tmp_path) -> None:
    ended(drill, 15, "aborted", condition="availability < 50% for 3s")
    late = (drill.probes["intended"] >= at(12)) & (drill.probes["intended"] < at(13))
    drill.probes["wait_us"][late] = 400_000
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    assert report.reasons[1].startswith("fault: prober: 20.00% of 240 arrivals started more than")


def test_an_abort_because_the_prober_was_silent_is_invalid(drill: JudgedDrill, tmp_path) -> None:
    ended(drill, 15, "aborted", condition="availability < 50% for 3s")
    drill.probes = drill.probes[drill.probes["intended"] < at(11)]
    report = drill.judged(tmp_path)
    assert (report.verdict, report.aborted) == (Verdict.INVALID, "availability < 50% for 3s")
    lane = "balancer/fresh/read/prober"
    assert (
        f"fault: prober: 40 of 50 probes of {lane} are not in samples/probe.bin" in report.reasons
    )


@pytest.mark.parametrize(
    ("name", "details", "words"),
    [
        ("interrupted", {"signal": "SIGINT"}, "interrupted by SIGINT"),
        (
            "failed",
            {"reason": "disk full", "error": "OSError"},
            "the drill failed: disk full (see logs/runner.log)",
        ),
    ],
)
@pytest.mark.parametrize("second", [3, 7, 12, 25])
def test_a_drill_that_was_ended_is_invalid(
    drill: JudgedDrill, tmp_path, *, name: str, details: dict[str, str], words: str, second: int
) -> None:
    ended(drill, second, name, **details)
    report = drill.judged(tmp_path)
    assert (report.verdict, report.reasons[0]) == (Verdict.INVALID, words)
    finished = {objective.phase: objective.verdict for objective in report.objectives}
    assert (finished["baseline"] is Verdict.PASS) == (second >= 10)
    assert finished["recovery"] is Verdict.INVALID


def test_a_timeline_without_an_end_was_cut_off(drill: JudgedDrill, tmp_path) -> None:
    del drill.events[-1]
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    assert report.reasons[0].startswith("interrupted: the timeline has no end")


def test_an_end_before_the_last_phases_is_found_out(drill: JudgedDrill, tmp_path) -> None:
    ended(drill, END - 2, "ended")
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    assert report.reasons[0] == "the drill ended 2.0 s before its last phase did"


def test_a_drill_whose_phases_never_began(drill: JudgedDrill, tmp_path) -> None:
    drill.events = [
        event(at(-3), "drill", "started"),
        event(at(-2), "drill", "interrupted", {"signal": "SIGTERM"}),
    ]
    folder = drill.write(tmp_path)
    folder.schedule.unlink()
    seal(folder)
    report = judge(folder)
    assert report.verdict is Verdict.INVALID
    assert report.reasons[0].startswith("interrupted")
    assert report.reasons[1] == "no phase began"
    assert (report.experiment, report.title, report.claim) == ("kill", "An etcd member dies", 13)


@pytest.mark.parametrize("name", ["timeline.jsonl", "schedule.json", "cluster.json"])
def test_what_the_whole_drill_rests_on(drill: JudgedDrill, tmp_path, name: str) -> None:
    folder = drill.write(tmp_path)
    file = folder.path / name
    text = file.read_text()
    file.unlink()
    assert judge(folder).reasons == [f"{name}: is missing"]
    file.write_text(text.replace('":', '":"', 1))
    seal(folder)
    report = judge(folder)
    assert report.verdict is Verdict.INVALID
    assert report.reasons[0].startswith(f"{name}:")
    assert (report.experiment, report.title, report.claim) == ("kill", "An etcd member dies", 13)


def test_a_folder_that_is_no_runs(tmp_path) -> None:
    with pytest.raises(NotStarted, match=r"not the folder of a run: it has no ledger\.jsonl"):
        judge(RunFolder(tmp_path))
