"""Gauges of several components: one trace, held against a threshold."""

import pytest

from kubedrill.judge.gauges import GaugeReading, combine, combined, worst

Told = tuple[int, str, float | None]


def trace(across: str, *told: Told) -> list[tuple[int, float]]:
    return combine([GaugeReading(*reading) for reading in told], across)


@pytest.mark.parametrize(("across", "value"), [("sum", 6.0), ("max", 3.0), ("min", 1.0)])
def test_several_components_become_one_value(across: str, value: float) -> None:
    assert combined([3.0, 1.0, 2.0], across) == value
    assert trace(across, (1, "a", 3), (2, "b", 1), (3, "c", 2)) == [(3, value)]


def test_a_round_is_each_component_once() -> None:
    told = [(0, "a", 1), (1, "b", 2), (10, "a", 3), (11, "b", 4), (20, "a", 5)]
    assert trace("sum", *told) == [(1, 3), (11, 7), (20, 5 + 4)]


def test_a_change_of_leader_between_two_rounds_is_never_two_leaders() -> None:
    told = [(0, "a", 0), (1, "b", 1), (10, "a", 1), (11, "b", 0), (20, "a", 1), (21, "b", 0)]
    assert [value for _, value in trace("sum", *told)] == [1, 1, 1]


def test_order_is_by_time() -> None:
    assert trace("sum", (11, "b", 4), (0, "a", 1), (10, "a", 3), (1, "b", 2)) == [(1, 3), (11, 7)]


def test_what_does_not_answer_stands_for_nothing_until_it_answers() -> None:
    told = [(0, "a", 1), (1, "b", 2), (10, "a", None), (11, "b", 2), (20, "a", 1), (21, "b", 2)]
    assert trace("sum", *told) == [(1, 3), (11, 2), (21, 3)]


def test_nobody_answers() -> None:
    told = [(0, "a", None), (1, "b", None), (10, "a", 3), (11, "b", None)]
    assert trace("max", *told) == [(11, 3)], "what nobody knows is not 0"
    assert trace("sum") == []


@pytest.mark.parametrize(
    ("operator", "threshold", "value"),
    [
        ("<", 5, 4.0),
        ("<=", 1, 4.0),
        (">", 0, 1.0),
        (">=", 9, 1.0),
        ("==", 1, 4.0),
        ("==", 4, 1.0),
        ("==", 2.4, 4.0),
    ],
)
def test_the_value_hardest_on_the_objective(operator: str, threshold: float, value: float) -> None:
    assert worst([1.0, 4.0, 2.0], operator, threshold) == value
