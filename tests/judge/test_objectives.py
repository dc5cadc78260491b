"""Objectives against what was measured: each kind of series, its verdict and its reason."""

from pathlib import Path

import numpy as np
import pytest
from judged_drill import JudgedDrill

from kubedrill.record.verdict import Verdict
from kubedrill.report import sentences


@pytest.mark.parametrize(
    ("phase", "text", "value", "verdict", "reason"),
    [
        ("baseline", "list.p99 < 1s", 0.02, Verdict.PASS, ""),
        ("baseline", "list.p99 < 20ms", 0.02, Verdict.FAIL, "20ms is not below 20ms"),
        ("baseline", "list.p99 <= 20ms", 0.02, Verdict.PASS, ""),
        ("baseline", "list.rate >= 101/s", 100.0, Verdict.FAIL, "100/s is not at least 101/s"),
        ("baseline", "list.count == 500", 500.0, Verdict.PASS, ""),
        ("baseline", "list.error_rate < 0.1%", 0.0, Verdict.PASS, ""),
        (
            "baseline",
            "list.cpu.rate <= 0.05cpu",
            0.1,
            Verdict.FAIL,
            "0.1cpu is not at most 0.05cpu",
        ),
        ("fault", "list.cpu.count < 2s", 1.0, Verdict.PASS, ""),
        ("baseline", "probe.count == 210", 210.0, Verdict.PASS, ""),
        ("baseline", "probe.failed == 0", 0.0, Verdict.PASS, ""),
        ("baseline", "probe.read.count > 105", 105.0, Verdict.FAIL, "105 is not above 105"),
        ("baseline", "probe.write.p50 < 6ms", 0.005, Verdict.PASS, ""),
        ("baseline", "probe.write.max < 5ms", 0.005, Verdict.FAIL, "5ms is not below 5ms"),
        ("baseline", "staleness.max < 20ms", 0.01, Verdict.PASS, ""),
        ("fault", "availability >= 100%", 1.0, Verdict.PASS, ""),
        ("fault", "unavailable.longest < 3s", 0.0, Verdict.PASS, ""),
        ("fault", "degraded.longest < 3s", 0.0, Verdict.PASS, ""),
        ("fault", "fault.time_to_detect < 1s", 1.0, Verdict.FAIL, "1s is not below 1s"),
        ("recovery", "fault.time_to_recover <= 1500ms", 1.5, Verdict.PASS, ""),
        ("baseline", "etcd.healthy_members == 2", 3.0, Verdict.FAIL, "3 is not exactly 2"),
        ("baseline", "etcd.db_bytes < 4MB", 5e6, Verdict.FAIL, "5MB is not below 4MB"),
        ("fault", "etcd.elections == 0", 1.0, Verdict.FAIL, "1 is not exactly 0"),
        ("baseline", "apiserver.cpu.rate < 1cpu", 1.5, Verdict.FAIL, "1.5cpu is not below 1cpu"),
    ],
)
def test_value_verdict_and_reason(
    drill: JudgedDrill,
    tmp_path,
    *,
    phase: str,
    text: str,
    value: float,
    verdict: Verdict,
    reason: str,
) -> None:
    found = drill.asked(tmp_path, phase, text)
    assert found.value == pytest.approx(value)
    assert (found.verdict, found.reason) == (verdict, reason)
    assert (found.phase, found.text) == (phase, text)
    assert found.words.startswith(f"In {phase}, ")


def test_cpu_that_the_load_did_not_tell_is_not_measured(drill: JudgedDrill, tmp_path) -> None:
    del drill.vitals[:12]  # its first line comes in the middle of the fault
    found = drill.asked(tmp_path, "fault", "list.cpu.rate < 1cpu")
    assert (found.value, found.verdict) == (None, Verdict.INVALID)
    assert found.reason == "load list: its processes did not say what they used"


SERVERS = ("unknown", "kube-apiserver-a", "kube-apiserver-b", "kube-apiserver-c")


@pytest.mark.parametrize(
    ("answered", "spread"),
    [((1, 2, 3), 1.0), ((1, 2, 1, 2), 1.5), ((1, 1, 1, 2), 2.25), ((3,), 3.0)],
)
def test_how_evenly_apiservers_answered(
    drill: JudgedDrill, tmp_path: Path, answered: tuple[int, ...], spread: float
) -> None:
    drill.targets = [SERVERS]
    lists = drill.lists()
    drill.load["target"][lists] = np.resize(answered, int(lists.sum()))
    found = drill.asked(tmp_path, "baseline", "list.spread <= 1.2")
    assert found.value == pytest.approx(spread, rel=0.01)
    assert found.verdict is (Verdict.PASS if spread <= 1.2 else Verdict.FAIL)
    assert found.words == (
        "In baseline, list.spread (the answers of the busiest apiserver to the load list, as a multiple "
        "of an even share) is at most 1.2."
    )


def test_each_process_numbers_them_itself(drill: JudgedDrill, tmp_path: Path) -> None:
    drill.loaded = {"processes": 2}
    drill.targets = [SERVERS, (SERVERS[0], *reversed(SERVERS[1:]))]
    drill.load["target"] = 1
    found = drill.asked(tmp_path, "baseline", "list.spread <= 1.2")
    assert found.value == pytest.approx(1.5, rel=0.01)


def test_who_answered_must_be_known(drill: JudgedDrill, tmp_path: Path) -> None:
    found = drill.asked(tmp_path, "baseline", "list.spread <= 1.2")
    assert (found.value, found.verdict) == (None, Verdict.INVALID)
    assert found.reason == "load list: of some answers it is not known who gave them"


def test_probes_of_the_victim_and_stale_ones_are_not_scored(drill: JudgedDrill, tmp_path) -> None:
    drill.fail(5, 10, level="load")
    drill.fail(5, 10, verb="stale-read")
    assert drill.asked(tmp_path, "baseline", "probe.failed == 0").value == 0
    drill.fail(6, 7, path="apiserver-c", verb="write")
    assert drill.asked(tmp_path, "baseline", "probe.failed == 0").value == 2
    assert drill.asked(tmp_path, "baseline", "probe.write.failed == 0").value == 2
    assert drill.asked(tmp_path, "baseline", "probe.read.failed == 0").value == 0


def test_reports_say_of_probes_what_objectives_on_them_mean(drill: JudgedDrill, tmp_path) -> None:
    drill.fail(5, 10, level="load")
    drill.fail(5, 10, verb="stale-read")
    found, report = drill.asked(tmp_path, "baseline", "probe.failed == 0"), drill.judged(tmp_path)
    assert found.value == sentences.probes(report, "baseline").failed == 0
    assert list(sentences.availability_lines(report)) == [
        "deadline 1.00 s",
        "every scored probe was answered in time",
        "not scored: 30 of 30 victim probes and stale reads failed in baseline",
        "break-glass was not tried: it is not known whether anybody could have got in",
    ]
    drill.fail(6, 7, path="apiserver-c", verb="write")
    found, report = drill.asked(tmp_path, "baseline", "probe.failed == 0"), drill.judged(tmp_path)
    assert found.value == sentences.probes(report, "baseline").failed == 2
    # Those on fresh connections through the balancer, which availability means, were all answered.
    assert list(sentences.availability_lines(report))[1] == (
        "2 of 210 scored probes failed in baseline"
    )


def test_staleness_is_of_answers(drill: JudgedDrill, tmp_path) -> None:
    stale = drill.lane(verb="stale-read")
    drill.probes["staleness_us"][stale] = range(1000, 1000 * int(stale.sum()) + 1, 1000)
    drill.fail(12, 20, verb="stale-read")
    answered = stale & (drill.probes["outcome"] == 200) & (drill.probes["intended"] < 1020 * 10**9)
    worst_s = float(drill.probes["staleness_us"][answered].max()) / 1e6
    assert drill.asked(tmp_path, "fault", "staleness.max < 1s").value == pytest.approx(worst_s)


@pytest.mark.parametrize(
    "text",
    [
        "list.p99 < 1s",
        "list.count == 0",
        "probe.failed == 0",
        "probe.read.p99 < 1s",
        "staleness.p50 < 1s",
        "availability >= 0%",
        "unavailable.longest < 1h",
        "degraded.longest < 1h",
    ],
)
def test_no_sample_is_never_a_pass(drill: JudgedDrill, tmp_path, text: str) -> None:
    drill.load, drill.probes = drill.load[:0], drill.probes[:0]
    found = drill.asked(tmp_path, "baseline", text)
    assert (found.value, found.verdict) == (None, Verdict.INVALID)
    assert found.reason == "no sample in this phase"


def test_staleness_without_an_answer_is_no_sample(drill: JudgedDrill, tmp_path) -> None:
    drill.fail(0, 30, verb="stale-read")
    found = drill.asked(tmp_path, "baseline", "staleness.p50 < 1s")
    assert (found.value, found.reason) == (None, "no sample in this phase")
