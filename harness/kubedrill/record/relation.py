"""Objectives that relate variants: the grammar of objectives, with a figure of another arm for a threshold.

relation = side operator [ factor "*" ] side
side     = arm "." series [ "." statistic ]
factor   = number | share
"""

import math
import re
from dataclasses import dataclass
from typing import NamedTuple

from kubedrill.reading.units import EXAMPLES, UnitError, parse_quantity, show
from kubedrill.record.objective import (
    LONGEST,
    OPERATORS,
    SYMBOLS,
    Objective,
    ObjectiveError,
    as_written,
    parse,
    split,
)
from kubedrill.record.series import named
from kubedrill.record.wording import subject_of
from kubedrill.words import shown

EXAMPLE = "cached.etcd.sent_bytes <= 10% * consistent.etcd.sent_bytes"
_ASKED = re.compile(r"^(?:(?P<factor>[^*]*?)\s*\*\s*)?(?P<side>[A-Za-z][\w-]*(?:\.[\w-]+)*)\s*$")
_FACTORS = ("1", "ratio")
"""The units of what a figure may be multiplied by."""


@dataclass(frozen=True, slots=True)
class Side:
    """A figure of one arm."""

    arm: str
    objective: Objective
    """What is measured, as an objective that every value meets: `list.p99 >= 0s`."""

    @property
    def written(self) -> str:
        """As it stands in the relation."""
        return f"{self.arm}.{as_written(self.objective)}"

    @property
    def words(self) -> str:
        """What is measured, in words."""
        return subject_of(named(self.objective.series), self.objective.statistic)


@dataclass(frozen=True, slots=True)
class Relation:
    """One objective on two arms: `left operator factor * right`."""

    text: str
    left: Side
    operator: str
    factor: float
    right: Side

    @property
    def unit(self) -> str:
        """The base unit of both sides."""
        return self.left.objective.unit

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both."""
        return self.left, self.right


class ValueBounds(NamedTuple):
    """What is known of a value: it is no less, and no more."""

    least: float
    most: float


def parse_relation(text: str) -> Relation:
    """Read one relation; ObjectiveError if it is none. Whether an arm has such a figure: see `compare`."""
    if len(text) > LONGEST:
        raise ObjectiveError(f'"{shown(text)}" is longer than {LONGEST} characters', LONGEST)
    left, operator, end = split(text)
    asked = _ASKED.match(text[end:])
    if asked is None:
        raise ObjectiveError(
            f'"{shown(text[end:])}" is no figure of another arm; write it as {EXAMPLE}', end + 1
        )
    factor = 1.0 if asked["factor"] is None else _factor(asked["factor"], end)
    relation = Relation(text.strip(), _side(left), operator, factor, _side(asked["side"], end))
    _check(relation)
    return relation


def _factor(text: str, offset: int) -> float:
    try:
        factor = parse_quantity(text)
    except UnitError as error:
        raise ObjectiveError(str(error), offset + 1) from None
    if factor.unit not in _FACTORS or factor.value <= 0:
        wrong = f'"{shown(text)}" is no factor; write a number or a share above 0, such as 2 or 10%'
        raise ObjectiveError(wrong, offset + 1)
    return factor.value


def _side(text: str, offset: int = 0) -> Side:
    arm, _, figure = text.partition(".")
    if not figure:
        wrong = f'"{shown(text)}" names an arm, or a figure, not both; write it as {EXAMPLE}'
        raise ObjectiveError(wrong, offset + 1)
    asked = parse(f"{figure} >= 0")
    unit = named(asked.series).statistics.get(asked.statistic, "1")
    return Side(arm, parse(f"{figure} >= 0{SYMBOLS[unit]}"))


def _check(relation: Relation) -> None:
    """Raise ObjectiveError unless both sides have one unit, and are of two arms.

    Of a statistic that there is not, `check` of either side says so.
    """
    left, right = relation.sides
    known_statistics = all(
        side.objective.statistic in named(side.objective.series).statistics
        for side in relation.sides
    )
    if left.arm == right.arm:
        raise ObjectiveError(f"both sides are of {left.arm}; relate it with another arm")
    for side in relation.sides:
        if named(side.objective.series).kind == "gauge" and side.objective.statistic is None:
            wrong = f"{side.written} may be another at each scrape; add .max or .min"
            raise ObjectiveError(wrong)
    if known_statistics and left.objective.unit != right.objective.unit:
        first, second = (EXAMPLES[side.objective.unit].partition(":")[0] for side in relation.sides)
        raise ObjectiveError(
            f"{left.written} is {first}, {right.written} {second}; both sides need the same unit"
        )


def relation_holds(relation: Relation, left: ValueBounds, right: ValueBounds) -> bool | None:
    """Whether the relation holds for all that the sides may be, or for nothing of it; None: only for some."""
    compare = OPERATORS[relation.operator][0]
    least, most = right.least * relation.factor, right.most * relation.factor
    if relation.operator == "==":
        if left.least == left.most and least == most:
            return compare(left.least, least)
        apart = left.most < least or most < left.least
        return False if apart else None
    found = {compare(value, bound) for value in left for bound in (least, most)}
    return found.pop() if len(found) == 1 else None


def relation_words(relation: Relation, phase: str) -> str:
    """Return the relation as one English sentence."""
    left, right = relation.sides
    bound = OPERATORS[relation.operator][1]
    times = "" if relation.factor == 1 else f"{show(relation.factor, '1')} times "
    if left.words == right.words:
        said = f"{left.words} is in {left.arm} {bound} {times}what it is in {right.arm}"
    else:
        said = f"{left.words} is in {left.arm} {bound} {times}{right.words} in {right.arm}"
    return f"In {phase}, {said}."


def known(value: float, at_least: bool, most: float | None = None) -> ValueBounds:
    """Return what is known of a value that was measured: `at_least` that, and `most` if it is known."""
    if not at_least:
        return ValueBounds(value, value)
    return ValueBounds(value, math.inf if most is None else most)
