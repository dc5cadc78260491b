"""Intervals and chances: as often right as they say, of as few runs as there are."""

import math

import numpy as np
import pytest

from kubedrill.regression.resampling import (
    EVERY,
    Values,
    chance,
    effect,
    least_chance,
    together,
)


def test_an_interval_of_eight_runs_holds_the_truth_as_often_as_it_says() -> None:
    drawn = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        baseline, candidate = drawn.normal(0, 1, 8), drawn.normal(1, 2, 8)
        found = effect(baseline, candidate, 0.95)
        held += found.low <= 1 <= found.high
    assert 0.925 <= held / 400 <= 0.985  # 95 %, and some standard deviations of 400 tries


def heavy(drawn: np.random.Generator) -> Values:
    return drawn.standard_t(2, 16)


def skewed(drawn: np.random.Generator) -> Values:
    return np.exp(drawn.normal(0, 1.5, 16))


def counted(drawn: np.random.Generator) -> Values:
    return drawn.poisson(0.5, 16).astype(float)


@pytest.mark.parametrize("distribution", [heavy, skewed, counted])
def test_chance_alarms_as_rarely_as_it_says_whatever_the_distribution(distribution) -> None:
    drawn = np.random.default_rng(2)
    alarms = 0
    for _ in range(1000):
        values = distribution(drawn)
        alarms += chance(values[:8], values[8:]) <= 0.05
    assert alarms <= 65  # 50 of 1,000, and two standard deviations more


@pytest.mark.parametrize(("baseline", "candidate"), [(5, 5), (8, 8), (4, 8), (12, 12)])
def test_no_chance_is_less_than_that_of_sides_wholly_apart(baseline: int, candidate: int) -> None:
    low, high = np.arange(baseline, dtype=float), 1e6 + np.arange(candidate, dtype=float)
    assert chance(low, high) >= least_chance(baseline, candidate) - 1e-12
    if math.comb(baseline + candidate, candidate) <= EVERY and baseline == candidate:
        assert chance(low, high) == pytest.approx(2 / math.comb(2 * baseline, baseline))


def test_what_is_the_same_in_each_run_has_an_interval_without_a_width() -> None:
    found = effect(np.full(8, 4.0), np.full(8, 4.0), 0.95)
    assert (found.estimate, found.low, found.high, found.chance) == (0, 0, 0, 1)


def test_several_chances_together() -> None:
    assert together([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert together([0.5, 0.9]) == [1.0, 1.0]
    assert together([]) == []
