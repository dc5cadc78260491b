"""What became of a fault: proven, punctual, undone; else the drill proves nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from judged_drill import KILL, JudgedDrill
from judged_scrapes import at
from told import event

from kubedrill.judge import judge
from kubedrill.judge.faults import ToldFault
from kubedrill.record.catalogue import Lasts
from kubedrill.record.faults import FaultEvent, FaultLine
from kubedrill.record.manifest import seal
from kubedrill.record.schedule import ScheduledFault
from kubedrill.record.verdict import Verdict
from kubedrill.report.sentences import fault_line

FRESH = {"path": "balancer", "connection": "fresh", "level": "prober"}


def tell(drill: JudgedDrill, event: str, **changes: Any) -> None:
    """Change the line of one event."""
    [line] = [line for line in drill.faults if line["event"] == event]
    line.update(changes)


def drop(drill: JudgedDrill, *events: str) -> None:
    drill.faults = [line for line in drill.faults if line["event"] not in events]


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        (
            ("injecting", "injected", "took-effect", "undoing", "undone"),
            "etcd.kill: was not injected",
        ),
        (("took-effect",), "etcd.kill on etcd-b: did not take effect"),
        (("undone",), "etcd.kill on etcd-b: was not undone"),
        (("undoing", "undone"), "etcd.kill on etcd-b: was not undone"),
    ],
)
def test_a_fault_that_is_not_proven_is_named(
    drill: JudgedDrill, tmp_path, missing: tuple[str, ...], reason: str
) -> None:
    drop(drill, *missing)
    drill.objectives = [("baseline", "list.p99 < 1s")]
    report = drill.judged(tmp_path)
    assert (report.verdict, report.reasons) == (Verdict.INVALID, [reason])
    assert report.objectives[0].verdict is Verdict.PASS


def test_a_fault_that_failed_says_why(drill: JudgedDrill, tmp_path) -> None:
    drill.faults.append(
        {**drill.faults[-1], "event": "failed", "proof": "etcd-b had been replaced"}
    )
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    assert report.reasons == ["etcd.kill on etcd-b: etcd-b had been replaced"]


def test_what_came_of_an_undo_hides_nothing_that_had_failed_before(
    drill: JudgedDrill, tmp_path
) -> None:
    drop(drill, "undone")
    drill.objectives = [("baseline", "list.p99 < 1s")]
    last = drill.faults[-1]
    for words in ("etcd-b was running again", "after 30 s etcd-b is backoff"):
        drill.faults.append({**last, "event": "failed", "proof": words})
    assert drill.judged(tmp_path).reasons == [
        "etcd.kill on etcd-b: etcd-b was running again",
        "etcd.kill on etcd-b: after 30 s etcd-b is backoff",
    ]


@pytest.mark.parametrize("event", ["injecting", "undoing"])
@pytest.mark.parametrize(
    ("off_s", "words"), [(0.9, ""), (-0.9, ""), (1.1, "1.1 s late"), (-1.5, "1.5 s early")]
)
def test_a_fault_fits_its_phase_within_a_second(
    drill: JudgedDrill, tmp_path, event: str, off_s: float, words: str
) -> None:
    whole = {
        "injecting": ("injecting", "injected", "took-effect"),
        "undoing": ("undoing", "undone"),
    }
    for line in drill.faults:
        if line["event"] in whole[event]:
            line["time"] += round(off_s * 1e9)
    drill.objectives = [("baseline", "list.p99 < 1s")]
    report = drill.judged(tmp_path)
    assert report.verdict is (Verdict.INVALID if words else Verdict.PASS)
    said = f"etcd.kill on etcd-b: {event} {words}; the phases are not what they say"
    assert report.reasons == ([said] if words else [])


def line_of(event: str, second: float, **others: Any) -> dict[str, Any]:
    common = {"fault": "etcd.kill", "index": 0, "target": "etcd-b", "proof": "", "facts": {}}
    return {"time": at(second), "event": event, **common, **others}


IMPOSSIBLE = [
    ([("injected", 10)], "1: etcd.kill, injected: is told without injecting before it"),
    ([("took-effect", 10)], "1: etcd.kill, took-effect: is told without injected before it"),
    (
        [("injecting", 10), ("took-effect", 11)],
        "2: etcd.kill, took-effect: is told without injected before it",
    ),
    ([("undoing", 20)], "1: etcd.kill, undoing: is told without injecting before it"),
    (
        [("injecting", 10), ("undone", 20)],
        "2: etcd.kill, undone: is told without undoing before it",
    ),
    ([("injecting", 10), ("injecting", 11)], "2: etcd.kill, injecting: is told twice"),
    (
        [("injecting", 10), ("undoing", 20), ("injected", 21)],
        "3: etcd.kill, injected: cannot be after undoing",
    ),
    (
        [("injecting", 10), ("injected", 9.9)],
        "2: etcd.kill, injected: was before injecting, which is told before it",
    ),
    (
        [("injecting", 10), ("undoing", 20), ("failed", 19)],
        "3: etcd.kill, failed: was before undoing, which is told before it",
    ),
]


@pytest.mark.parametrize(("told", "words"), IMPOSSIBLE)
def test_events_in_an_order_that_cannot_be_are_named(drill, tmp_path, told, words) -> None:
    drill.faults = [line_of(event, second) for event, second in told]
    drill.objectives = [("baseline", "list.p99 < 1s"), ("fault", "fault.time_to_detect < 1s")]
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    assert report.reasons[0] == f"etcd.kill: faults.jsonl:{words}"
    other, about = report.objectives
    assert other.verdict is Verdict.PASS
    assert (about.verdict, about.reason) == (Verdict.INVALID, f"faults.jsonl:{words}")
    assert len(report.phases) == 4


def test_orders_that_can_be(drill: JudgedDrill, tmp_path) -> None:
    """Two faults at once, one of them undone by two; and one that failed, and was undone."""
    drill.scheduled_faults.append(replace(KILL, name="etcd.stop"))
    other = [{**line, "index": 1, "fault": "etcd.stop"} for line in drill.faults]
    drill.faults = [*drill.faults[:4], *other[:2], line_of("undoing", 20.5), drill.faults[4]]
    drill.faults += [line_of("undone", 22), other[3], line_of("failed", 20.1, **name_of(other))]
    drill.faults.append({**other[4], "time": at(22)})
    drill.objectives = [("baseline", "list.p99 < 1s")]
    assert drill.judged(tmp_path).reasons == ["etcd.stop on etcd-b: "]


def name_of(lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {key: lines[0][key] for key in ("fault", "index")}


def test_a_fault_that_was_not_due_yet_needs_no_file(drill: JudgedDrill, tmp_path) -> None:
    drill.events[-1] = event(at(3), "drill", "interrupted", {"signal": "SIGINT"})
    folder = drill.write(tmp_path)
    folder.faults.unlink()
    seal(folder)
    report = judge(folder)
    assert (report.verdict, report.reasons[0]) == (Verdict.INVALID, "interrupted by SIGINT")
    assert not [reason for reason in report.reasons if "faults.jsonl" in reason]
    assert [phase.name for phase in report.phases] == ["warmup"]
    assert [row.name for row in report.load] == ["list", "list.page"]


def test_a_fault_that_was_due_needs_its_file(drill: JudgedDrill, tmp_path) -> None:
    drill.events[-1] = event(at(15), "drill", "aborted", {"condition": "availability < 1% for 1s"})
    folder = drill.write(tmp_path)
    folder.faults.unlink()
    seal(folder)
    report = judge(folder)
    assert report.verdict is Verdict.INVALID
    assert "etcd.kill: faults.jsonl: is missing" in report.reasons
    assert [phase.name for phase in report.phases] == ["warmup", "baseline", "fault"]


def test_one_of_two_faults_that_did_nothing_is_found_out(drill: JudgedDrill, tmp_path) -> None:
    drill.scheduled_faults.append(replace(KILL, name="etcd.stop"))
    drill.objectives = [("baseline", "list.p99 < 1s")]
    report = drill.judged(tmp_path)
    assert (report.verdict, report.reasons) == (Verdict.INVALID, ["etcd.stop: was not injected"])


def test_an_interrupted_drill_tells_of_a_fault_left_in_force(drill: JudgedDrill, tmp_path) -> None:
    drop(drill, "undoing", "undone")
    drill.events[-1] = event(at(15), "drill", "interrupted", {"signal": "SIGTERM"})
    reasons = drill.judged(tmp_path).reasons
    assert "etcd.kill on etcd-b: was not seen to be undone" in reasons


def test_a_fault_undone_after_an_interruption_is_no_reason(drill: JudgedDrill, tmp_path) -> None:
    drop(drill, "took-effect")
    drill.events[-1] = event(at(15), "drill", "interrupted", {"signal": "SIGTERM"})
    report = drill.judged(tmp_path)
    assert not [reason for reason in report.reasons if "etcd.kill" in reason]


def test_what_was_not_undone_names_the_cure(drill: JudgedDrill, tmp_path) -> None:
    drill.events.insert(2, event(at(25), "not-undone", "not undone: seeded objects"))
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    assert report.reasons == ["not undone: seeded objects; run: kubedrill heal"]


def test_the_report_says_when_and_by_what_proof(drill: JudgedDrill, tmp_path) -> None:
    [fault] = drill.judged(tmp_path).faults
    assert (fault.name, fault.target, fault.phase) == ("etcd.kill", "etcd-b", "fault")
    assert (fault.injected_at, fault.took_effect_at) == (at(10.01), at(11.4))
    assert (fault.took_effect, fault.undone, fault.undone_at) == (True, True, at(21.5))
    assert (fault.proof, fault.undo_proof) == ("proof of took-effect", "proof of undone")


def detect(drill: JudgedDrill, tmp_path) -> float | None:
    return drill.asked(tmp_path, "fault", "fault.time_to_detect < 5s").value


def test_detected_by_the_health_checks(drill: JudgedDrill, tmp_path) -> None:
    assert detect(drill, tmp_path) == pytest.approx(1.0)


def test_detected_by_a_failing_probe_when_it_has_failed(drill: JudgedDrill, tmp_path) -> None:
    drill.fail(8, 9, total_s=0.1, path="apiserver-a")  # before the fault
    lost = drill.fail(10.2, 10.3, total_s=0.3, **FRESH, verb="read")
    assert lost == 1
    due = drill.probes["intended"][drill.lane(**FRESH, verb="read")]
    first = due[due >= at(10.2)].min()
    assert detect(drill, tmp_path) == pytest.approx((first - at(10)) / 1e9 + 0.3)


def test_a_fault_without_effect_is_neither_noticed_nor_recovered_from(
    drill: JudgedDrill, tmp_path
) -> None:
    drop(drill, "took-effect")
    assert drill.fail(10.2, 10.3, total_s=0.3, **FRESH, verb="read") == 1
    drill.objectives = [
        ("fault", "fault.time_to_detect < 5s"),
        ("recovery", "fault.time_to_recover < 10s"),
    ]
    report = drill.judged(tmp_path)
    [fault] = report.faults
    assert (fault.took_effect, fault.time_to_detect_s, fault.time_to_recover_s) == (
        *(False, None, None),
    )
    said = "etcd.kill on etcd-b did not take effect"
    assert [(objective.value, objective.reason) for objective in report.objectives] == [
        (None, said)
    ] * 2


def test_the_victims_failures_detect_nothing(drill: JudgedDrill, tmp_path) -> None:
    drill.fail(10, 11, total_s=0.1, level="load")
    drill.fail(10, 11, total_s=0.1, verb="stale-read")
    assert detect(drill, tmp_path) == pytest.approx(1.0)


def test_what_nobody_noticed_was_not_detected(drill: JudgedDrill, tmp_path) -> None:
    for line in drill.scrapes.health:
        line["etcd"] = dict.fromkeys("abc", "healthy")
    drill.fail(22, 23, **FRESH)  # after it was undone
    found = drill.asked(tmp_path, "fault", "fault.time_to_detect < 5s")
    assert (found.value, found.verdict) == (None, Verdict.INVALID)
    assert found.reason == "a fault was never seen to detect"


def test_recovered_with_the_proof_of_the_undo(drill: JudgedDrill, tmp_path) -> None:
    drill.fail(12, 13, **FRESH)
    found = drill.asked(tmp_path, "recovery", "fault.time_to_recover < 1s")
    assert (found.value, found.verdict) == (pytest.approx(1.5), Verdict.FAIL)


def test_recovered_with_the_end_of_the_last_failing_probe(drill: JudgedDrill, tmp_path) -> None:
    drill.fail(23, 23.1, total_s=0.4, **FRESH, verb="write")
    due = drill.probes["intended"][drill.probes["outcome"] != 200]
    found = drill.asked(tmp_path, "recovery", "fault.time_to_recover < 5s")
    assert found.value == pytest.approx((due.max() - at(20)) / 1e9 + 0.4)
    assert found.value == pytest.approx(3.45, abs=0.06)


def test_of_several_faults_the_slowest(drill: JudgedDrill, tmp_path) -> None:
    drill.scheduled_faults.append(replace(KILL, name="etcd.stop"))
    others = [
        {**line, "index": 1, "fault": "etcd.stop", "target": "etcd-c"} for line in drill.faults
    ]
    others[-1]["time"] = at(22.5)
    drill.faults += others
    found = drill.asked(tmp_path, "recovery", "fault.time_to_recover < 5s")
    assert found.value == pytest.approx(2.5)


def test_of_several_faults_each_must_have_recovered(drill: JudgedDrill, tmp_path) -> None:
    drill.scheduled_faults.append(replace(KILL, name="etcd.stop"))
    drill.faults += [{**line, "index": 1} for line in drill.faults[:-1]]
    found = drill.asked(tmp_path, "recovery", "fault.time_to_recover < 5s")
    assert (found.value, found.reason) == (None, "a fault was never seen to recover")


def test_a_phase_without_a_fault_has_no_times(drill: JudgedDrill, tmp_path) -> None:
    found = drill.asked(tmp_path, "baseline", "fault.time_to_recover < 5s")
    assert (found.value, found.reason) == (None, "no fault in this phase")


def another(drill: JudgedDrill, injecting: float) -> None:
    """Let a second fault begin then, whose undo is proven at once."""
    second = replace(KILL, name="etcd.stop", inject=at(injecting), undo=at(30), phase="recovery")
    drill.scheduled_faults.append(second)
    times = (injecting, injecting, injecting, 30, 30)
    drill.faults += [
        {**line, "index": 1, "fault": "etcd.stop", "target": "etcd-c", "time": at(time)}
        for line, time in zip(drill.faults[:5], times, strict=True)
    ]


def first_recovery(drill: JudgedDrill, tmp_path) -> tuple[float | None, bool]:
    first = drill.judged(tmp_path).faults[0]
    return first.time_to_recover_s, first.recovered


def test_a_later_faults_failures_are_its_own(drill: JudgedDrill, tmp_path) -> None:
    another(drill, 26)
    drill.fail(25.95, 29, **FRESH)  # what was in flight at the injection fails as well
    assert first_recovery(drill, tmp_path) == (pytest.approx(1.5), True)


def test_probes_that_still_fail_at_the_next_injection_are_the_firsts(
    drill: JudgedDrill, tmp_path
) -> None:
    another(drill, 26)
    drill.fail(22, 29, total_s=0.1, **FRESH)
    assert first_recovery(drill, tmp_path) == (pytest.approx(6.0), False)


def test_one_that_has_not_recovered_when_its_phase_ends_says_so(
    drill: JudgedDrill, tmp_path
) -> None:
    drill.fail(22, 30, total_s=0.01, **FRESH)
    found = drill.asked(tmp_path, "recovery", "fault.time_to_recover < 1m")
    assert (found.verdict, found.value) == (Verdict.FAIL, pytest.approx(10.0, abs=0.1))
    said = (
        "etcd.kill on etcd-b: probes still failed 10.0 s after its undo began, when recovery ended"
    )
    assert found.reason == said


def test_failures_long_after_the_phase_of_the_undo_are_not_its_own(
    drill: JudgedDrill, tmp_path
) -> None:
    drill.scheduled_faults = [replace(KILL, inject=at(6), undo=at(9), phase="baseline")]
    for line, second in zip(drill.faults, (6, 6, 6.1, 9, 9.5), strict=True):
        line["time"] = at(second)
    drill.fail(15, 16, **FRESH)
    found = drill.asked(tmp_path, "baseline", "fault.time_to_recover < 5s")
    assert (found.verdict, found.value) == (Verdict.PASS, pytest.approx(0.5))


def without_rollback(drill: JudgedDrill, rollback: Any = None) -> None:
    arguments = {"activity": {"name": "break"}, "rollback": rollback}
    [kill] = drill.scheduled_faults
    drill.scheduled_faults = [
        ScheduledFault("activity", arguments, "fault", kill.inject, kill.undo)
    ]
    drop(drill, "undoing", "undone")


def test_what_cannot_be_undone_need_not_be(drill: JudgedDrill, tmp_path) -> None:
    without_rollback(drill)
    drill.objectives = [("baseline", "list.p99 < 1s")]
    report = drill.judged(tmp_path)
    assert (report.verdict, report.reasons) == (Verdict.PASS, [])
    assert (report.faults[0].undone, report.faults[0].can_be_undone) == (False, False)


def test_nor_after_an_interruption(drill: JudgedDrill, tmp_path) -> None:
    without_rollback(drill)
    drill.events[-1] = event(at(15), "drill", "interrupted", {"signal": "SIGTERM"})
    assert not [reason for reason in drill.judged(tmp_path).reasons if "activity" in reason]


def test_what_has_a_rollback_must_be_undone(drill: JudgedDrill, tmp_path) -> None:
    without_rollback(drill, {"name": "mend"})
    assert "activity on etcd-b: was not undone" in drill.judged(tmp_path).reasons


@pytest.mark.parametrize(
    ("lasts", "said"), [("momentary", "over at once"), ("irreversible", "cannot be undone")]
)
def test_what_does_not_last_need_not_be_undone(
    drill: JudgedDrill, tmp_path: Path, lasts: Lasts, said: str
) -> None:
    drill.scheduled_faults = [replace(KILL, lasts=lasts)]
    drop(drill, "undoing", "undone")
    drill.objectives = [("baseline", "list.p99 < 1s")]
    report = drill.judged(tmp_path)
    assert (report.verdict, report.reasons) == (Verdict.PASS, [])
    assert fault_line(report.faults[0]).endswith(f", {said}")


def test_what_was_undone_though_it_does_not_last_is_no_such_fault(
    drill: JudgedDrill, tmp_path: Path
) -> None:
    drill.scheduled_faults = [replace(KILL, lasts="momentary")]
    reasons = drill.judged(tmp_path).reasons
    assert "etcd.kill on etcd-b: was undone, though that cannot be" in reasons


@pytest.mark.parametrize(("lasts", "held"), [("lasting", True), ("momentary", False)])
def test_who_was_hit_is_silent_rightly_only_while_it_lasts(lasts: Lasts, held: bool) -> None:
    times: dict[FaultEvent, int] = {"injecting": 10, "injected": 10, "took-effect": 11}
    common: dict[str, Any] = {"fault": "etcd.kill", "index": 0, "targets": ("etcd-b",)}
    told = {
        event: FaultLine(time=at(second), event=event, proof="", facts={}, **common)
        for event, second in times.items()
    }
    fault = ToldFault(replace(KILL, lasts=lasts), {**told})
    assert fault.holds("etcd-b", at(12))
    assert fault.holds("etcd-b", at(15)) is held
