"""Objectives that relate variants: what is one, what is none and why, and when it holds."""

import math

import pytest

from kubedrill.record.objective import ObjectiveError
from kubedrill.record.relation import (
    ValueBounds,
    known,
    parse_relation,
    relation_holds,
    relation_words,
)


@pytest.mark.parametrize(
    ("text", "sides", "operator", "factor", "unit"),
    [
        (
            "cached.etcd.sent_bytes <= 0.1 * consistent.etcd.sent_bytes",
            ("cached.etcd.sent_bytes", "consistent.etcd.sent_bytes"),
            "<=",
            0.1,
            "bytes",
        ),
        ("b.list.p99 < 50% * a.list.p99", ("b.list.p99", "a.list.p99"), "<", 0.5, "s"),
        ("b.list.p99.9<2*a.list.p50", ("b.list.p99.9", "a.list.p50"), "<", 2.0, "s"),
        (" b.list.rate  >=  a.list.rate ", ("b.list.rate", "a.list.rate"), ">=", 1.0, "1/s"),
        ("b.etcd.elections == a.etcd.elections", ("b.etcd.elections",), "==", 1.0, "1"),
        ("b.apiserver.rss.max > a.apiserver.rss.max", ("b.apiserver.rss.max",), ">", 1.0, "bytes"),
        ("b.list.cpu.rate < a.apiserver.cpu.rate", ("b.list.cpu.rate",), "<", 1.0, "cpu"),
        ("b.availability >= 90% * a.availability.reads", ("b.availability",), ">=", 0.9, "ratio"),
    ],
)
def test_is_a_relation(
    text: str, sides: tuple[str, ...], operator: str, factor: float, unit: str
) -> None:
    relation = parse_relation(text)
    written = tuple(side.written for side in relation.sides)
    assert written[: len(sides)] == sides
    assert (relation.operator, relation.factor, relation.unit) == (operator, factor, unit)
    assert relation.text == text.strip()


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("b.list.p99 < 1s", '"1s" is no figure of another arm; write it as cached.', 14),
        ("b.list.p99 < 0.1 *", '"0.1 *" is no figure of another arm', 14),
        ("b.list.p99 < 0.1 a.list.p99", "is no figure of another arm", 14),
        ("b.list.p99 =< a.list.p99", 'unknown operator "=<"; write <=', 12),
        ("b.list.p99", 'no operator after "b.list.p99"', 11),
        ("list < a.list", '"list" names an arm, or a figure, not both', 1),
        ("b.list.p99 < 10ms * a.list.p99", '"10ms" is no factor', 14),
        ("b.list.p99 < 0 * a.list.p99", '"0" is no factor', 14),
        ("b.list.p99 < x * a.list.p99", '"x" is not a number with a unit', 14),
        ("b.list.p99 < a.etcd.sent_bytes", "b.list.p99 is a duration, a.etcd.sent_bytes a size", 1),
        ("b.list.p99 < 2 * b.list.p50", "both sides are of b; relate it with another arm", 1),
        ("b.apiserver.rss < a.apiserver.rss", "add .max or .min", 1),
        ("b.list.p99 < a.apiserver.rss.max" + " " * 200, "is longer than 200 characters", 200),
    ],
)
def test_is_none(text: str, message: str, column: int) -> None:
    with pytest.raises(ObjectiveError) as raised:
        parse_relation(text)
    assert message in str(raised.value)
    assert raised.value.column == column


ONE, TWO, FOUR = ValueBounds(1, 1), ValueBounds(2, 2), ValueBounds(4, 4)
SOME = ValueBounds(1, math.inf)
"""At least 1."""


@pytest.mark.parametrize(
    ("operator", "left", "right", "holds"),
    [
        ("<=", TWO, FOUR, True),
        ("<=", ValueBounds(2.5, 2.5), FOUR, False),
        ("<", TWO, FOUR, False),
        (">=", TWO, FOUR, True),
        (">", TWO, FOUR, False),
        ("==", TWO, FOUR, True),
        ("==", ONE, FOUR, False),
        # What is only known to be at least so much decides where it is the side that may grow.
        ("<=", ONE, SOME, None),
        ("<=", ValueBounds(0.5, 0.5), SOME, True),
        ("<=", SOME, ONE, False),
        ("<=", SOME, FOUR, None),
        (">=", SOME, TWO, True),
        (">=", SOME, FOUR, None),
        ("<=", SOME, SOME, None),
        ("==", SOME, FOUR, None),
        ("==", ValueBounds(3, math.inf), FOUR, False),
    ],
)
def test_holds_for_half_of_the_other(
    operator: str, left: ValueBounds, right: ValueBounds, holds: bool | None
) -> None:
    relation = parse_relation(f"b.list.p99 {operator} 0.5 * a.list.p99")
    assert relation_holds(relation, left, right) is holds


def test_what_is_known_of_a_value() -> None:
    assert known(3.0, at_least=False) == ValueBounds(3.0, 3.0)
    assert known(3.0, at_least=True) == ValueBounds(3.0, math.inf)


LATENCY = "the latency of the load"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "b.list.p99 < 50% * a.list.p99",
            f"the 99th percentile of {LATENCY} list is in b below 0.5 times what it is in a",
        ),
        (
            "b.list.mean >= a.other.p50",
            f"the mean of {LATENCY} list is in b at least the median of {LATENCY} other in a",
        ),
    ],
)
def test_in_words(text: str, words: str) -> None:
    assert relation_words(parse_relation(text), "steady") == f"In steady, {words}."
