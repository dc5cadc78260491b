"""Percentiles, rates and shares by their definitions."""

import numpy as np
import pytest
from judged_drill import JudgedDrill
from judged_scrapes import at

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

TEN = np.arange(1.0, 11.0)


def requests(*rows: tuple[float, int], wait_s: float = 0.0) -> Records:
    """Make records of (total in seconds, outcome), 1 s apart."""
    made = np.zeros(len(rows), LOAD_DTYPE)
    made["intended"] = [at(n) for n in range(len(rows))]
    made["total_us"] = [round(total * 1e6) for total, _ in rows]
    made["outcome"] = [outcome for _, outcome in rows]
    made["wait_us"] = round(wait_s * 1e6)
    return made


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
    enough = [one for one in values if (values <= one).sum() * 1000 >= share * count]
    assert percentile(values, name) == min(enough)


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.TIMEOUT, 429])
@pytest.mark.parametrize("name", ["p50", "p90", "p99", "p99.9", "max", "mean"])
def test_failures_never_improve_what_the_answers_gave(name: str, outcome: int) -> None:
    good = [(0.1 * n, 200) for n in range(1, 11)]
    value = statistic(requests(*good), name, 10)
    for lost in range(1, 12):
        worse = statistic(requests(*good, *[(0.0001, outcome)] * lost), name, 10)
        assert worse >= value
        value = worse


def test_a_quick_failure_is_as_slow_as_the_slowest_success_and_a_slow_one_as_it_was() -> None:
    rows = requests((0.2, 200), (0.001, Outcome.REFUSED), (0.5, 201), (3.0, Outcome.TIMEOUT))
    assert latencies(rows).tolist() == [0.2, 0.5, 0.5, 3.0]


def test_without_a_success_failures_are_as_slow_as_they_were() -> None:
    assert latencies(requests((2.0, 503), (1.0, 429))).tolist() == [1.0, 2.0]


def test_what_was_cut_counts_for_nothing() -> None:
    rows = requests((0.1, 200), (9.0, Outcome.CUT), (0.1, 500))
    found = due_in(rows, Phase("any", at(0), at(10)))
    assert len(found) == 2
    assert statistic(found, "error_rate", 10) == 0.5


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
    assert statistic(rows, name, 4) == value


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
