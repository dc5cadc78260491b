"""Percentiles, rates and shares by their definitions."""

import numpy as np
import pytest
from judged_drill import JudgedDrill, within
from judged_scrapes import at
from told import event

from kubedrill.judge.requests import (
    due_in,
    errors,
    late_share,
    latencies,
    of_distribution,
    percentile,
    shown,
    statistic,
)
from kubedrill.record.sample import LOAD_DTYPE, Outcome, Records
from kubedrill.record.schedule import Phase
from kubedrill.record.verdict import Verdict

TEN = np.arange(1.0, 11.0)


def requests(*rows: tuple[float, int], wait_s: float = 0.0) -> Records:
    """Make records of (total in seconds, outcome), 1 s apart."""
    made = np.zeros(len(rows), LOAD_DTYPE)
    made["intended"] = [at(n) for n in range(len(rows))]
    made["total_us"] = [round(total * 1e6) for total, _ in rows]
    made["outcome"] = [outcome for _, outcome in rows]
    made["wait_us"] = round(wait_s * 1e6)
    return made


def known(rows: Records, name: str, seconds: float) -> float:
    """Return a statistic of which nothing is in doubt."""
    found = statistic(rows, name, seconds)
    assert found is not None
    assert found.least == found.most
    return found.least


@pytest.mark.parametrize(
    ("values", "name", "value"),
    [
        (TEN, "p50", 5),
        (TEN, "p90", 9),
        (TEN, "p95", 10),
        (TEN, "p99.9", 10),
        (TEN, "max", 10),
        (TEN, "mean", 5.5),
        (np.array([7.0]), "p50", 7),
        (np.array([1.0, 2.0]), "p50", 1),
        (np.arange(1.0, 101.0), "p99", 99),
        (np.arange(1.0, 1001.0), "p99.9", 999),
        (np.arange(1.0, 1002.0), "p99.9", 1000),
    ],
)
def test_percentiles_are_nearest_rank(values: np.ndarray, name: str, value: float) -> None:
    assert of_distribution(values, name) == value


@pytest.mark.parametrize("name", ["p50", "p90", "p95", "p99", "p99.9"])
@pytest.mark.parametrize("count", [1, 2, 3, 9, 100, 101, 999, 1000, 1001])
def test_percentiles_agree_with_counting(name: str, count: int) -> None:
    values = np.sort(np.random.default_rng(count).lognormal(size=count))
    share = round(float(name[1:]) * 10)
    enough = [value for value in values if (values <= value).sum() * 1000 >= share * count]
    assert percentile(values, name) == min(enough)


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.TIMEOUT, 429])
@pytest.mark.parametrize("name", ["p50", "p90", "p99", "p99.9", "max", "mean"])
def test_failures_never_improve_what_the_answers_gave(name: str, outcome: int) -> None:
    good = [(0.1 * n, 200) for n in range(1, 11)]
    value = known(requests(*good), name, 10)
    for lost in range(1, 12):
        worse = known(requests(*good, *[(0.0001, outcome)] * lost), name, 10)
        assert worse >= value
        value = worse


def test_a_quick_failure_is_as_slow_as_the_slowest_success_and_a_slow_one_as_it_was() -> None:
    rows = requests((0.2, 200), (0.001, Outcome.REFUSED), (0.5, 201), (3.0, Outcome.TIMEOUT))
    assert latencies(rows).tolist() == [0.2, 0.5, 0.5, 3.0]


def test_without_a_success_nothing_has_a_latency() -> None:
    rows = requests((2.0, 503), (0.001, Outcome.REFUSED))
    assert latencies(rows).tolist() == []
    assert statistic(rows, "p50", 10) is None
    assert known(rows, "error_rate", 10) == 1.0


@pytest.mark.parametrize(
    "text", ["list.p50 < 1s", "list.p99 < 1s", "list.max < 1h", "list.mean < 1s"]
)
def test_a_load_that_nobody_answered_held_no_latency(
    drill: JudgedDrill, tmp_path, text: str
) -> None:
    lists = drill.lists(10, 20)
    drill.load["outcome"][lists], drill.load["total_us"][lists] = Outcome.REFUSED, 300
    drill.objectives = [("fault", text)]
    report = drill.judged(tmp_path)
    [found] = report.objectives
    assert (report.verdict, found.verdict, found.value) == (Verdict.FAIL, Verdict.FAIL, None)
    assert found.reason == (
        "no request was answered in this phase, of 1,000; none has a latency; "
        "each of 1,000 requests failed as refused"
    )
    [row] = [row for row in report.load if (row.phase, row.name) == ("fault", "list")]
    assert row.latency_s == {}


def test_probes_that_nobody_answered_held_no_latency(drill: JudgedDrill, tmp_path) -> None:
    drill.fail(10, 20, total_s=0.001, level="prober")
    found = drill.asked(tmp_path, "fault", "probe.read.p99 < 1s")
    assert (found.verdict, found.value) == (Verdict.FAIL, None)


HUNG = [
    ("recovery", "list.p99 < 1s"),
    ("recovery", "list.max < 3s"),
    ("recovery", "list.error_rate < 0.1%"),
]


def hang(drill: JudgedDrill, begin: float) -> None:
    """Let the LISTs due since then hang until they are cut, 5 s after the last phase."""
    drill.objectives = HUNG
    lists = drill.lists(begin)
    drill.load["outcome"][lists] = Outcome.CUT
    drill.load["total_us"][lists] = (
        at(35) - drill.load["intended"][lists].astype(np.int64)
    ) // 1000


def test_what_hung_until_the_planned_end_is_a_failure_without_an_answer(
    drill: JudgedDrill, tmp_path
) -> None:
    hang(drill, 28)
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.FAIL
    values = [objective.value for objective in report.objectives]
    assert values == [pytest.approx(6.9, abs=0.02), pytest.approx(7.0), 0.2]
    [row] = [row for row in report.load if (row.phase, row.name) == ("recovery", "list")]
    assert (row.errors, row.offered, row.achieved) == ({"unanswered": 200}, 100.0, 80.0)


def test_an_unanswered_one_is_as_slow_as_the_slowest_answer(drill: JudgedDrill, tmp_path) -> None:
    hang(drill, 29.99)
    drill.load["total_us"][drill.lists(25, 25.01)] = 9_000_000
    drill.load["total_us"][drill.lists(29.99)] = 5_010_000
    drill.objectives = [("recovery", "list.mean < 1s")]
    [found] = drill.judged(tmp_path).objectives
    assert found.value == pytest.approx((998 * 0.02 + 2 * 9) / 1000)


@pytest.mark.parametrize("outcome", [Outcome.CUT, Outcome.RESTING])
def test_what_is_cut_by_design_is_left_out(drill: JudgedDrill, tmp_path, outcome: int) -> None:
    parts = drill.load["series"] == 1 if outcome == Outcome.CUT else drill.lists()
    drill.load["outcome"][parts & within(drill.load, 25, 30)] = outcome
    drill.objectives = HUNG
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.PASS
    assert all(not row.errors for row in report.load)


@pytest.mark.parametrize("how", ["aborted", "interrupted"])
def test_what_was_in_flight_when_a_drill_was_ended_is_neither_a_success_nor_a_failure(
    drill: JudgedDrill, tmp_path, how: str
) -> None:
    why = {
        "aborted": {"condition": "availability < 50% for 3s"},
        "interrupted": {"signal": "SIGINT"},
    }
    drill.events[-1] = event(at(28), "drill", how, why[how])
    lists = drill.lists(27)
    drill.load["outcome"][lists] = Outcome.CUT
    drill.load["total_us"][lists] = 10_000
    drill.objectives = HUNG
    report = drill.judged(tmp_path)
    assert {objective.verdict for objective in report.objectives} == {Verdict.INVALID}
    [row] = [row for row in report.load if (row.phase, row.name) == ("recovery", "list")]
    assert (row.errors, row.requests, row.cut, row.offered) == ({}, 800, 100, 100.0)
    # Of 800 the 100 may have been the slowest.
    assert (row.latency_s["p50"], row.latency_s["p99"]) == (0.02, 0.02)
    assert row.at_least == ["p90", "p99", "p99.9", "max", "mean"]


def test_probes_are_counted_as_they_were_due_and_a_phase_that_was_cut_has_no_count(
    drill: JudgedDrill, tmp_path
) -> None:
    drill.events[-1] = event(at(28), "drill", "interrupted", {"signal": "SIGINT"})
    drill.probes = drill.probes[drill.probes["intended"] < at(28)]
    drill.probes["outcome"][within(drill.probes, 27, 28)] = Outcome.CUT
    asked = drill.lane(level="prober", verb="read") | drill.lane(level="prober", verb="write")
    drill.objectives = [("fault", "probe.count > 0"), ("recovery", "probe.count > 0")]
    fault, recovery = drill.judged(tmp_path).objectives
    assert (fault.verdict, fault.value) == (
        Verdict.PASS,
        (asked & within(drill.probes, 10, 20)).sum(),
    )
    assert recovery.verdict is Verdict.INVALID
    assert "the drill ended 8.0 s into it" in recovery.reason
    assert recovery.value == (asked & within(drill.probes, 20, 28)).sum()


def test_what_was_cut_counts_for_nothing() -> None:
    rows = requests((0.1, 200), (9.0, Outcome.CUT), (0.1, 500))
    found = due_in(rows, Phase("any", at(0), at(10)))
    assert len(found) == 2
    assert known(found, "error_rate", 10) == 0.5


def test_a_phase_holds_its_start_and_not_its_end() -> None:
    rows = requests(*[(0.1, 200)] * 5)
    found = due_in(rows, Phase("any", at(1), at(3)))
    assert found["intended"].tolist() == [at(1), at(2)]


@pytest.mark.parametrize(
    ("name", "value"),
    [("count", 5.0), ("rate", 2 / 4), ("failed", 3.0), ("error_rate", 3 / 5)],
)
def test_rates_and_shares(name: str, value: float) -> None:
    rows = requests((0.1, 200), (0.1, 204), (0.1, 429), (0.1, Outcome.DROPPED), (0.1, 302))
    assert known(rows, name, 4) == value


def test_error_classes_the_most_frequent_first() -> None:
    rows = requests((1, 200), (1, 429), (1, Outcome.RESET), (1, 429), (1, Outcome.CUT))
    assert list(errors(rows).items()) == [("http 429", 2), ("reset", 1)]


@pytest.mark.parametrize(("wait_s", "share"), [(0.25, 0.0), (0.250001, 1.0)])
def test_late_is_more_than_250_ms(wait_s: float, share: float) -> None:
    assert late_share(requests((1, 200), (1, 500), wait_s=wait_s)) == share


def test_what_was_never_sent_is_late() -> None:
    assert late_share(requests((0, Outcome.DROPPED), (1, 200))) == 0.5
    assert late_share(requests()) == 0.0


def test_an_empty_distribution_shows_nothing() -> None:
    assert shown(np.array([])) == {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("list.p50 < 1s", 0.02),
        ("list.p99 < 1s", 2.0),
        ("list.max < 10s", 2.0),
        ("list.mean < 1s", (988 * 0.02 + 12 * 2.0) / 1000),
        ("list.count > 1", 1000.0),
        ("list.rate > 1/s", 99.0),
        ("list.error_rate < 5%", 0.01),
    ],
)
def test_objectives_on_a_load_mean_its_transactions(
    drill: JudgedDrill, tmp_path, text: str, value: float
) -> None:
    lists, pages = np.flatnonzero(drill.lists(10, 20)), drill.load["series"] == 1
    drill.load["total_us"][lists[:2]] = 2_000_000
    drill.load["outcome"][lists[2:12]] = 503  # after 20 ms: as slow as the slowest success, 2 s
    drill.load["outcome"][pages], drill.load["total_us"][pages] = 500, 9_000_000
    assert drill.asked(tmp_path, "fault", text).value == pytest.approx(value)
