"""The grammar of objectives and abort conditions: one for files, judge and live view.

objective  = comparison | "eventually(" comparison ") within " duration
comparison = series [ "." statistic ] operator ( number unit | share " of " base )
base       = "offered" | load ".offered" | "seeded"
abort      = comparison " for " duration
"""

import operator as operators
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from kubedrill.record.series import STATISTICS, Series, find_series, spelled
from kubedrill.record.units import (
    EXAMPLES,
    UnitError,
    parse_duration,
    parse_quantity,
    show_as,
)
from kubedrill.words import did_you_mean

OPERATORS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "<": (operators.lt, "below"),
    "<=": (operators.le, "at most"),
    ">": (operators.gt, "above"),
    ">=": (operators.ge, "at least"),
    "==": (operators.eq, "exactly"),
}

_SYMBOLS = {"s": "s", "ratio": "%", "1/s": "/s", "bytes": "B", "bytes/s": "B/s", "cpu": "cpu"}
_STATISTIC = re.compile(r"\.(p\d+(?:\.\d+)?|" + "|".join(STATISTICS) + r")$")
_SERIES = re.compile(r"\s*([A-Za-z][\w-]*(?:\.[\w-]+)*)\s*")
_OPERATOR = re.compile(r"([<>=!]+)\s*")
_EVENTUALLY = re.compile(r"^\s*eventually\s*\((?P<inner>.*)\)\s*(?:within\s+(?P<within>\S+)\s*)?$")
_SHARE = re.compile(r"^(?P<share>.*?)\s+of\s+(?P<base>\S+)\s*$")
_FOR = re.compile(r"^(?P<inner>.*?)\s+for\s+(?P<length>\S+)\s*$")


class ObjectiveError(ValueError):
    """The text is no objective; the message says what would work, `column` (from 1) where."""

    def __init__(self, message: str, column: int = 1) -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective, its threshold in base units.

    `list.p99 < 250ms`: series `list`, statistic `p99`, threshold 0.25, unit `s`, written_unit `ms`.
    `unavailable.longest`: series `unavailable`, statistic `longest`. `availability.reads`,
    `fault.time_to_detect` and `etcd.healthy_members`: the whole is the series, statistic None.
    A counter without a statistic (`etcd.elections == 0`) has `count`.
    """

    text: str
    series: str
    statistic: str | None
    operator: str
    threshold: float
    unit: str
    """s | ratio (0..1) | bytes | bytes/s | 1 | 1/s | cpu"""
    written_unit: str
    eventually_s: float | None = None
    """Not every scrape must hold, but the last ones, from this many seconds into the phase on."""
    share_of: str | None = None
    """What the threshold is a share of, where it is one: `offered`, `secrets.offered`, `seeded`."""


ABORT_SERIES = ("availability", "availability.reads", "availability.writes")
"""What the live figures hold at any moment; the rest is known only after the drill."""


@dataclass(frozen=True, slots=True)
class AbortCondition:
    """A drill is aborted when `objective`, a condition, has held for `for_s` seconds."""

    text: str
    objective: Objective
    for_s: float


def parse(text: str) -> Objective:
    """Read one objective; ObjectiveError if it is none. Series and units: see `check`."""
    found = _EVENTUALLY.match(text)
    if found is None:
        return replace(_comparison(text, 0), text=text.strip())
    if found["within"] is None:
        raise ObjectiveError("eventually(...) needs a limit: eventually(...) within 10s", len(text))
    within = _duration(found["within"], found.start("within"))
    inner = _comparison(found["inner"], found.start("inner"))
    return replace(inner, text=text.strip(), eventually_s=within)


def parse_abort(text: str) -> AbortCondition:
    """Read an abort condition, `availability < 50% for 30s`; ObjectiveError if it is none."""
    found = _FOR.match(text)
    if found is None:
        raise ObjectiveError(f'"{text}" does not say for how long; write: ... for 30s', len(text))
    length = _duration(found["length"], found.start("length"))
    return AbortCondition(text.strip(), _comparison(found["inner"], 0), length)


def check(objective: Objective, known_loads: Iterable[str]) -> None:
    """Raise ObjectiveError unless series, statistic and unit fit each other.

    `known_loads` are the names of the series of the experiment's loads.
    """
    loads = list(known_loads)
    series = find_series(objective.series, loads)
    if series is None:
        raise ObjectiveError(_unknown_series(objective, loads))
    if objective.statistic not in series.statistics:
        raise ObjectiveError(_unknown_statistic(objective, series))
    expected = series.statistics[objective.statistic]
    if objective.share_of is not None:
        _check_share(objective, expected, loads)
    elif objective.unit != expected:
        raise ObjectiveError(_wrong_unit(objective, expected))
    if objective.unit == "ratio" and objective.threshold > 1:
        raise ObjectiveError(f"{_name(objective)} is a share, and a share is at most 100%")
    if objective.unit == "1" and not objective.threshold.is_integer():
        raise ObjectiveError(f"{_name(objective)} is a whole number; write one")
    if objective.eventually_s is not None and (series.kind != "gauge" or objective.statistic):
        raise ObjectiveError(
            f"eventually(...) is for gauges, such as etcd.healthy_members; {series.name} is none"
        )


def _check_can_end(condition: AbortCondition) -> None:
    objective = condition.objective
    if condition.for_s <= 0:
        raise ObjectiveError(f'"{condition.text}" holds at once; say for how long: ... for 30s')
    if holds(objective, 1.0):
        raise ObjectiveError(f'"{condition.text}" would end a drill in which all is well; write <')
    if not holds(objective, 0.0):
        raise ObjectiveError(
            f'"{condition.text}" is not so even where nothing is answered; write <'
        )


OFFERED, SEEDED = "offered", "seeded"


def base_load(objective: Objective) -> str | None:
    """Return the load whose arrivals an objective's threshold is a share of; None if of none's."""
    base = objective.share_of or ""
    if base == OFFERED:
        return objective.series.partition(".")[0]
    return base.removesuffix(f".{OFFERED}") if base.endswith(f".{OFFERED}") else None


def absolute(objective: Objective, base: float) -> Objective:
    """Return an objective on a share with what it amounts to, `base` in the unit of the series."""
    rate = objective.statistic == "rate"
    unit, written = ("1/s", "/s") if rate else ("1", "")
    return replace(objective, threshold=objective.threshold * base, unit=unit, written_unit=written)


def _check_share(objective: Objective, expected: str, loads: list[str]) -> None:
    base, name = str(objective.share_of), _name(objective)
    if objective.unit != "ratio":
        raise ObjectiveError(f'"... of {base}" needs a share: 99% of {base}')
    if expected not in {"1/s", "1"}:
        raise ObjectiveError(f"{name} takes {EXAMPLES[expected]}; rates and counts take shares")
    kind, _, what = objective.series.partition(".")
    counted = kind == "objects" and bool(what)
    if base == SEEDED and counted:
        return
    load = base_load(objective)
    if load not in loads or (base == OFFERED and objective.series not in loads):
        known = [OFFERED] if objective.series in loads else [SEEDED] if counted else []
        known += [f"{one}.{OFFERED}" for one in loads if "." not in one]
        raise ObjectiveError(f'{name} cannot be a share of "{base}"{did_you_mean(base, known)}')
    if base != OFFERED and expected == "1/s":
        raise ObjectiveError(f"{base} is a number, and {name} a rate; write: of {OFFERED}")


def check_abort(condition: AbortCondition, known_loads: Iterable[str]) -> None:
    """Raise ObjectiveError unless the condition can be watched while the drill runs."""
    check(condition.objective, known_loads)
    if condition.objective.series not in ABORT_SERIES:
        raise ObjectiveError(
            f"{condition.objective.series} cannot end a drill; what is watched while it runs: "
            f"{', '.join(ABORT_SERIES)}"
        )
    _check_can_end(condition)


def holds(objective: Objective, value: float) -> bool:
    """Whether `value`, in the objective's base unit, meets the threshold."""
    return OPERATORS[objective.operator][0](value, objective.threshold)


def holds_between(objective: Objective, least: float, most: float) -> bool | None:
    """Whether each value from `least` to `most` meets the threshold, or none does; None: only some."""
    if objective.operator == "==" and least < most:
        return None if least <= objective.threshold <= most else False
    first, last = holds(objective, least), holds(objective, most)
    return first if first == last else None


def _comparison(text: str, offset: int) -> Objective:
    """Read `series.statistic operator number unit`; columns count from `offset`."""
    series = _SERIES.match(text)
    if series is None:
        raise ObjectiveError(
            f'"{text.strip()}" has no series; write it as list.p99 < 1s', offset + 1
        )
    operator = _OPERATOR.match(text, series.end())
    if operator is None:
        column = offset + series.end() + 1
        known = " ".join(OPERATORS)
        raise ObjectiveError(f'no operator after "{series[1]}"; known: {known}', column)
    if operator[1] not in OPERATORS:
        message = f'unknown operator "{operator[1]}"; known: {" ".join(OPERATORS)}'
        raise ObjectiveError(message, offset + operator.start() + 1)
    asked = text[operator.end() :]
    share = _SHARE.match(asked)
    try:
        threshold = parse_quantity(share["share"] if share else asked)
    except UnitError as error:
        raise ObjectiveError(str(error), offset + operator.end() + 1) from None
    name, statistic = _split(series[1])
    return Objective(
        text.strip(),
        name,
        statistic,
        operator[1],
        threshold.value,
        threshold.unit,
        threshold.written,
        share_of=share["base"] if share else None,
    )


def _split(name: str) -> tuple[str, str | None]:
    found = _STATISTIC.search(name)
    if found:
        return name[: found.start()], found[1]
    series = find_series(name, [])
    return name, "count" if series is not None and series.kind == "counter" else None


def _duration(text: str, offset: int) -> float:
    try:
        return parse_duration(text)
    except UnitError as error:
        raise ObjectiveError(str(error), offset + 1) from None


def _unknown_series(objective: Objective, loads: list[str]) -> str:
    written = _name(objective)
    head = written.partition(".")[0]
    names = spelled(loads)
    heads = {name.partition(".")[0] for name in names}
    if head not in heads:
        return f'unknown series "{written}"{did_you_mean(head, heads)}'
    siblings = [name for name in names if name.partition(".")[0] == head]
    return f'unknown series "{written}"{did_you_mean(written, siblings)}'


def _unknown_statistic(objective: Objective, series: Series) -> str:
    known = [one for one in series.statistics if one is not None]
    if not known:
        return f'{series.name} takes no statistic; drop ".{objective.statistic}"'
    if objective.statistic is None:
        return f"{series.name} needs a statistic: {', '.join(known)}"
    return f'{series.name} has no "{objective.statistic}"{did_you_mean(objective.statistic, known)}'


def _wrong_unit(objective: Objective, expected: str) -> str:
    takes = f"{_name(objective)} takes {EXAMPLES[expected]}"
    if objective.unit != "1":
        return f'{takes}; not "{objective.written_unit}"'
    number = objective.threshold
    if expected == "ratio" and number <= 1:
        number *= 100
    return f"{takes}; write {show_as(number, '')}{_SYMBOLS[expected]}"


def _name(objective: Objective) -> str:
    return f"{objective.series}.{objective.statistic}" if objective.statistic else objective.series
