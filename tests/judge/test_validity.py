"""What cannot be trusted is INVALID, with the reason in words; what is within bounds is not."""

import numpy as np
import pytest
from judged_drill import JudgedDrill, within
from judged_scrapes import at
from told import event

from kubedrill.judge import judge
from kubedrill.record.sample import Outcome
from kubedrill.record.verdict import Report, Verdict


def invalid(report: Report, *reasons: str) -> None:
    """Assert that a drill is INVALID for reasons that begin like these, and no other."""
    assert report.verdict is Verdict.INVALID
    assert len(report.reasons) == len(reasons), report.reasons
    for said, expected in zip(report.reasons, reasons, strict=True):
        assert said.startswith(expected)


def of_phase(report: Report, phase: str) -> set[Verdict]:
    return {objective.verdict for objective in report.objectives if objective.phase == phase}


@pytest.mark.parametrize(
    ("late", "dropped", "words"),
    [(1, 0, ""), (2, 0, "0.20%"), (0, 1, ""), (0, 2, "0.20%"), (1, 1, "0.20%")],
)
def test_one_arrival_in_a_thousand_may_start_late(
    drill: JudgedDrill, tmp_path, late: int, dropped: int, words: str
) -> None:
    rows = np.flatnonzero(drill.lists(10, 20))
    assert len(rows) == 1000
    drill.load["wait_us"][rows[:late]] = 250_001
    drill.load["outcome"][rows[late : late + dropped]] = Outcome.DROPPED
    report = drill.judged(tmp_path)
    if not words:
        assert report.verdict is Verdict.PASS
        return
    said = f"{words} of 1000 arrivals started more than 250 ms late or never; 0.1% may"
    invalid(report, f"fault: load list: {said}")
    assert of_phase(report, "fault") == {Verdict.INVALID}
    assert of_phase(report, "baseline") == of_phase(report, "recovery") == {Verdict.PASS}


def test_250_ms_is_not_late(drill: JudgedDrill, tmp_path) -> None:
    drill.load["wait_us"], drill.probes["wait_us"] = 250_000, 250_000
    assert drill.judged(tmp_path).verdict is Verdict.PASS


def test_an_objective_of_an_invalid_phase_keeps_its_value(drill: JudgedDrill, tmp_path) -> None:
    drill.load["wait_us"][drill.lists(5, 10)] = 300_000
    found = drill.asked(tmp_path, "baseline", "list.p99 < 1ms")
    assert (found.verdict, found.value) == (Verdict.INVALID, pytest.approx(0.3))
    assert found.reason.startswith("the phase is not valid: load list: 100.00% of 500 arrivals")


@pytest.mark.parametrize("missing", [1, 3])
def test_arrivals_missing_from_the_samples(drill: JudgedDrill, tmp_path, missing: int) -> None:
    drill.load = np.delete(drill.load, np.flatnonzero(drill.lists(10, 20))[:missing])
    report = drill.judged(tmp_path)
    said = f"{missing} of 1000 arrivals are not in samples/load-list.bin"
    invalid(report, f"fault: load list: {said}")
    assert of_phase(report, "fault") == {Verdict.INVALID}
    assert of_phase(report, "baseline") == of_phase(report, "recovery") == {Verdict.PASS}


def test_a_load_that_never_wrote_anything(drill: JudgedDrill, tmp_path) -> None:
    drill.load = drill.load[:0]
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    assert (
        "baseline: load list: 500 of 500 arrivals are not in samples/load-list.bin"
        in report.reasons
    )


def test_requests_cut_by_the_end_have_failed_and_are_not_missing(
    drill: JudgedDrill, tmp_path
) -> None:
    drill.load["outcome"][drill.lists(29, 30)] = Outcome.CUT
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.FAIL
    assert report.reasons == ["recovery: list.error_rate < 0.1%: 10% is not below 0.1%"]


def test_phases_before_the_first_judged_one_warm_up(drill: JudgedDrill, tmp_path) -> None:
    drill.load["wait_us"][drill.lists(0, 5)] = 900_000
    drill.probes["wait_us"][within(drill.probes, 0, 5)] = 900_000
    assert drill.judged(tmp_path).verdict is Verdict.PASS


def test_what_warms_up_has_no_holes_either(drill: JudgedDrill, tmp_path) -> None:
    drill.load = np.delete(drill.load, np.flatnonzero(drill.lists(0, 5))[7])
    drill.probes = drill.probes[~(within(drill.probes, 0, 5) & drill.lane(verb="stale-read"))]
    lane = "balancer/kept/stale-read/prober"
    invalid(
        drill.judged(tmp_path),
        "warmup: load list: 1 of 500 arrivals are not in samples/load-list.bin",
        f"warmup: prober: 10 of 10 probes of {lane} are not in samples/probe.bin",
    )


def test_a_phase_between_judged_ones_is_judged(drill: JudgedDrill, tmp_path) -> None:
    drill.objectives = [("baseline", "list.p99 < 1s"), ("recovery", "list.p99 < 1s")]
    drill.scheduled_faults, drill.faults = [], []
    drill.load["wait_us"][drill.lists(10, 20)] = 900_000
    [reason] = drill.judged(tmp_path).reasons
    assert reason.startswith("fault: load list: 100.00% of 1000 arrivals")


def test_a_prober_that_wrote_nothing(drill: JudgedDrill, tmp_path) -> None:
    folder = drill.write(tmp_path)
    for file in folder.samples.glob("probe.*"):
        file.unlink()
    report = judge(folder)
    assert report.verdict is Verdict.INVALID
    assert "baseline: prober: samples/probe.json: is missing" in report.reasons


def test_a_prober_that_stopped(drill: JudgedDrill, tmp_path) -> None:
    drill.probes = drill.probes[within(drill.probes, 0, 17)]
    drill.objectives = [("fault", "availability >= 99%")]
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    lane = "balancer/fresh/read/prober"
    assert (
        f"fault: prober: 30 of 100 probes of {lane} are not in samples/probe.bin" in report.reasons
    )


def test_a_slow_lane_must_be_there_as_well(drill: JudgedDrill, tmp_path) -> None:
    victim = drill.lane(level="load", verb="write") & within(drill.probes, 5, 10)
    drill.probes = drill.probes[~victim]
    report = drill.judged(tmp_path)
    lane = "balancer/fresh/write/load"
    invalid(report, f"baseline: prober: 10 of 10 probes of {lane} are not in samples/probe.bin")


def test_a_late_prober(drill: JudgedDrill, tmp_path) -> None:
    drill.probes["wait_us"][within(drill.probes, 12, 13)] = 400_000
    [reason] = drill.judged(tmp_path).reasons
    assert reason.startswith("fault: prober: 10.")
    assert reason.endswith("arrivals started more than 250 ms late or never; 0.1% may")


@pytest.mark.parametrize(
    ("role", "status", "words"),
    [
        ("prober", -9, "prober was ended by SIGKILL; see logs/prober.log"),
        ("load-list", -11, "load-list was ended by SIGSEGV; see logs/load-list.log"),
        ("scraper", 1, "scraper ended early, with exit code 1; see logs/scraper.log"),
        ("faults", 0, "faults ended early, with exit code 0; see logs/faults.log"),
    ],
)
def test_a_process_of_the_drill_that_ended_early(
    drill: JudgedDrill, tmp_path, role: str, status: int, words: str
) -> None:
    drill.events.append(event(at(12), "child", role, {"status": status, "pid": 77}))
    invalid(drill.judged(tmp_path), words)


def test_a_component_that_exited_is_a_finding_and_no_doubt(drill: JudgedDrill, tmp_path) -> None:
    details = {"event": "exited", "pid": 7, "status": -11, "asked": False, "by": "restart"}
    drill.exits.append({"time": at(12), "component": "kube-apiserver-a", **details})
    assert drill.judged(tmp_path).verdict is Verdict.PASS
