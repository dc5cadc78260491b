"""Counters that survive restarts, histograms as Prometheus reads them."""

import math

import pytest

from kubedrill.judge.counting import add_up, increases, quantile

INF = math.inf


@pytest.mark.parametrize(
    ("readings", "grown"),
    [
        ([], {}),
        ([{"a": 5}], {}),
        ([{"a": 5}, {"a": 5}], {"a": 0}),
        ([{"a": 5}, {"a": 7}, {"a": 10}], {"a": 5}),
        ([{"a": 5}, {"a": 7}, {"a": 3}, {"a": 4}], {"a": 2 + 3 + 1}),
        ([{"a": 5}, {"a": 0}, {"a": 0}], {"a": 0}),
        ([{}, {"a": 4}], {"a": 4}),
        ([{"a": 5}, {}, {"a": 2}], {"a": 2}),
        ([{"a": 5, "b": 1}, {"a": 6, "b": 9}], {"a": 1, "b": 8}),
    ],
)
def test_a_counter_that_fell_was_reset(
    readings: list[dict[str, float]], grown: dict[str, float]
) -> None:
    assert increases(readings) == grown


@pytest.mark.parametrize(
    ("share", "value"),
    [
        (0.25, 0.5),  # rank 5: half of the 10 in (0, 1]
        (0.5, 1.0),
        (0.65, 1.5),  # rank 13: 3 of the 6 in (1, 2]
        (0.85, 3.0),  # rank 17: 1 of the 2 in (2, 4]
        (0.95, 4.0),  # above the last finite bound: that bound
        (1.0, 4.0),
    ],
)
def test_quantiles_are_linear_within_a_bucket(share: float, value: float) -> None:
    buckets = {1.0: 10.0, 2.0: 16.0, 4.0: 18.0, INF: 20.0}
    assert quantile(buckets, share) == pytest.approx(value)


@pytest.mark.parametrize("buckets", [{}, {1.0: 0.0, INF: 0.0}])
def test_an_empty_histogram_has_no_quantile(buckets: dict[float, float]) -> None:
    assert quantile(buckets, 0.99) is None


def test_a_bound_that_holds_all_is_not_exceeded() -> None:
    assert quantile({0.1: 7.0, 1.0: 7.0, INF: 7.0}, 1.0) == pytest.approx(0.1)


def test_everything_above_the_last_bound_stands_at_that_bound() -> None:
    assert quantile({0.1: 0.0, INF: 7.0}, 0.5) == pytest.approx(0.1)


def test_histograms_of_several_zones_become_one() -> None:
    parts = [{0.1: 1.0, INF: 2.0}, {0.1: 3.0, INF: 3.0}, {}]
    assert add_up(parts) == {0.1: 4.0, INF: 5.0}
