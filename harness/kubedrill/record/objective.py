"""The grammar of objectives: one for files, judge and live view.

objective  = comparison | "eventually(" comparison ") within " duration
comparison = series [ "." statistic ] operator ( number unit | share " of " base )
base       = "offered" | load ".offered" | "seeded"
"""

import operator as operators
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from kubedrill.reading.units import (
    EXAMPLES,
    UnitError,
    parse_duration,
    parse_quantity,
    show_as,
)
from kubedrill.record.metric import METRICS
from kubedrill.record.series import BUILT_IN, STATISTICS, Series, find_series, spelled, unread
from kubedrill.words import did_you_mean, shown

OPERATORS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "<": (operators.lt, "below"),
    "<=": (operators.le, "at most"),
    ">": (operators.gt, "above"),
    ">=": (operators.ge, "at least"),
    "==": (operators.eq, "exactly"),
}

SYMBOLS = dict(zip(EXAMPLES, ("s", "%", "/s", "B", "B/s", "cpu", ""), strict=True))
"""How a number of each base unit is written."""
_STATISTIC = re.compile(r"\.(p\d+(?:\.\d+)?|" + "|".join(STATISTICS) + r")$")
_SERIES = re.compile(r"\s*([A-Za-z][\w-]*(?:\.[\w-]+)*)\s*")
_OPERATOR = re.compile(r"([^\s\w.%'\"()]+)\s*")
_EVENTUALLY = re.compile(r"^\s*eventually(?![\w.-])\s*(?P<rest>.*)$")
_INNER = re.compile(r"^\((?P<inner>[^()]*)\)\s*(?:within\s+(?P<within>\S+)\s*)?$")
_EXAMPLE = "eventually(etcd.healthy_members == 3) within 10s"
_SHARE = re.compile(r"^(?P<share>.*?)\s+of\s+(?P<base>\S+)\s*$")


LONGEST = 200
"""Characters of an objective, or of an abort condition."""
_MEANT = {
    **dict.fromkeys(("\u2264", "\u2a7d", "\u2266", "=<", "\uff1c\uff1d", "<=="), "<="),
    **dict.fromkeys(("\u2265", "\u2a7e", "\u2267", "=>", "\uff1e\uff1d", ">=="), ">="),
    **dict.fromkeys(("=", "===", "\uff1d", "\uff1d\uff1d", "\u2261"), "=="),
    **dict.fromkeys(("\uff1c", "\u2039", "\u2329", "<<", "\u300a", "\u3008"), "<"),
    **dict.fromkeys(("\uff1e", "\u203a", "\u232a", ">>", "->", "\u300b", "\u3009"), ">"),
}
"""What is taken for an operator, and the operator that it looks like."""


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


def parse(text: str) -> Objective:
    """Read one objective; ObjectiveError if it is none. Series and units: see `check`."""
    if len(text) > LONGEST:
        raise ObjectiveError(f'"{shown(text)}" is longer than {LONGEST} characters', LONGEST)
    found = _EVENTUALLY.match(text)
    if found is None:
        return replace(read_comparison(text), text=text.strip())
    return replace(_eventually(found["rest"], found.start("rest")), text=text.strip())


def _eventually(rest: str, offset: int) -> Objective:
    """Read what follows the word; columns count from `offset`."""
    found = _INNER.match(rest)
    if found is None:
        column = offset + (len(rest.rstrip()) if rest.startswith("(") else 0) + 1
        what = "needs both brackets, and a limit after them"
        raise ObjectiveError(f"eventually(...) {what}: {_EXAMPLE}", column)
    if found["within"] is None:
        end = offset + len(rest)
        raise ObjectiveError("eventually(...) needs a limit: eventually(...) within 10s", end)
    within = read_duration(found["within"], offset + found.start("within"))
    if within <= 0:
        raise ObjectiveError(
            "within 0s is from the phase's begin on; leave eventually(...) out, or give it time",
            offset + found.start("within") + 1,
        )
    return replace(read_comparison(found["inner"], offset + 1), eventually_s=within)


def split_duration(text: str, word: str, lacking: str) -> tuple[str, float, int]:
    """Split `COMPARISON WORD DURATION` into the comparison, the seconds, and where the duration begins.

    ObjectiveError where there is none, in the words of `lacking`.
    """
    found = re.match(rf"^(?P<inner>.*?)\s+{word}\s+(?P<length>\S+)\s*$", text[: LONGEST + 1])
    if found is None or len(text) > LONGEST:
        raise ObjectiveError(f'"{shown(text)}" {lacking}', len(text))
    at = found.start("length")
    return found["inner"], read_duration(found["length"], at), at


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
        raise ObjectiveError(_wrong_unit(objective, series))
    if objective.unit == "ratio" and objective.threshold > 1 and not counts_others(objective):
        raise ObjectiveError(f"{as_written(objective)} is a share, and a share is at most 100%")
    if objective.unit == "1" and series.whole and not objective.threshold.is_integer():
        raise ObjectiveError(f"{as_written(objective)} is a whole number; write one")
    if objective.eventually_s is not None and (series.kind != "gauge" or objective.statistic):
        raise ObjectiveError(
            f"eventually(...) is for gauges, such as etcd.healthy_members; {series.name} is none"
        )


OFFERED, SEEDED = "offered", "seeded"


def base_load(objective: Objective) -> str | None:
    """Return the load whose arrivals an objective's threshold is a share of; None if of none's."""
    base = objective.share_of or ""
    if base == OFFERED:
        return objective.series.partition(".")[0]
    return base.removesuffix(f".{OFFERED}") if base.endswith(f".{OFFERED}") else None


def counts_others(objective: Objective) -> bool:
    """Whether it counts others than what its share is of: pages of arrivals, objects; 300 % may be right."""
    return objective.share_of is not None and "." in objective.series


def absolute(objective: Objective, base: float) -> Objective:
    """Return an objective on a share with what it amounts to, `base` in the unit of the series."""
    rate = objective.statistic == "rate"
    unit, written = ("1/s", "/s") if rate else ("1", "")
    return replace(objective, threshold=objective.threshold * base, unit=unit, written_unit=written)


def _check_share(objective: Objective, expected: str, loads: list[str]) -> None:
    base, name = str(objective.share_of), as_written(objective)
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
        known += [f"{load}.{OFFERED}" for load in loads if "." not in load]
        raise ObjectiveError(
            f'{name} cannot be a share of "{shown(base)}"{did_you_mean(base, known)}'
        )
    if base != OFFERED and expected == "1/s":
        raise ObjectiveError(f"{base} is a number, and {name} a rate; write: of {OFFERED}")


def holds(objective: Objective, value: float) -> bool:
    """Whether `value`, in the objective's base unit, meets the threshold."""
    return OPERATORS[objective.operator][0](value, objective.threshold)


def holds_between(objective: Objective, least: float, most: float) -> bool | None:
    """Whether each value from `least` to `most` meets the threshold, or none does; None: only some."""
    if objective.operator == "==" and least < most:
        return None if least <= objective.threshold <= most else False
    first, last = holds(objective, least), holds(objective, most)
    return first if first == last else None


def split(text: str, offset: int = 0) -> tuple[str, str, int]:
    """Return what stands left of the operator, the operator, and where what is asked begins."""
    series = _SERIES.match(text)
    if series is None:
        message = f'"{shown(text.strip())}" has no series; write it as list.p99 < 1s'
        raise ObjectiveError(message, offset + 1)
    operator = _OPERATOR.match(text, series.end())
    if operator is None:
        column = offset + series.end() + 1
        known = " ".join(OPERATORS)
        raise ObjectiveError(f'no operator after "{shown(series[1])}"; known: {known}', column)
    if operator[1] not in OPERATORS:
        raise ObjectiveError(_unknown_operator(operator[1]), offset + operator.start() + 1)
    return series[1], operator[1], operator.end()


def read_comparison(text: str, offset: int = 0) -> Objective:
    """Read `series.statistic operator number unit`; columns count from `offset`."""
    written, operator, end = split(text, offset)
    asked = text[end:]
    share = _SHARE.match(asked)
    try:
        threshold = parse_quantity(share["share"] if share else asked)
    except UnitError as error:
        raise ObjectiveError(str(error), offset + end + 1) from None
    name, statistic = _statistic(written)
    return Objective(
        text.strip(),
        name,
        statistic,
        operator,
        threshold.value,
        threshold.unit,
        threshold.written,
        share_of=share["base"] if share else None,
    )


def _unknown_operator(written: str) -> str:
    meant = _MEANT.get(written)
    better = f"write {meant}" if meant else f"known: {' '.join(OPERATORS)}"
    return f'unknown operator "{shown(written)}"; {better}'


def _statistic(name: str) -> tuple[str, str | None]:
    found = _STATISTIC.search(name)
    if found:
        return name[: found.start()], found[1]
    series = find_series(name, [])
    return name, "count" if series is not None and series.kind == "counter" else None


def read_duration(text: str, offset: int) -> float:
    """Read a duration in a text, in seconds; ObjectiveError if it is none. Columns count from `offset`."""
    try:
        return parse_duration(text)
    except UnitError as error:
        raise ObjectiveError(str(error), offset + 1) from None


def _unknown_series(objective: Objective, loads: list[str]) -> str:
    written = as_written(objective)
    head = written.partition(".")[0]
    heads = {name.partition(".")[0] for name in (*loads, *BUILT_IN, *METRICS)}
    if head not in heads:
        return f'unknown series "{shown(written)}"{did_you_mean(head, heads)}{unread()}'
    kin = [name for name in loads if name.partition(".")[0] == head]  # of thousands, the few
    siblings = [name for name in spelled(kin) if name.partition(".")[0] == head]
    return f'unknown series "{shown(written)}"{did_you_mean(written, siblings)}'


def _unknown_statistic(objective: Objective, series: Series) -> str:
    known = [name for name in series.statistics if name is not None]
    if not known:
        return f'{series.name} takes no statistic; drop ".{objective.statistic}"'
    if objective.statistic is None:
        return f"{series.name} needs a statistic: {', '.join(known)}"
    return f'{series.name} has no "{objective.statistic}"{did_you_mean(objective.statistic, known)}'


def _wrong_unit(objective: Objective, series: Series) -> str:
    expected = series.statistics[objective.statistic]
    takes = f"{as_written(objective)} takes {EXAMPLES[expected]}"
    if objective.unit != "1":
        fits = (name for name, unit in series.statistics.items() if unit == objective.unit and name)
        other = next((f"; {series.name}.{name} takes it" for name in fits), "")
        return f'{takes}; not "{objective.written_unit}"{other}'
    number = objective.threshold
    if expected == "ratio" and number <= 1:
        number *= 100
    return f"{takes}; write {show_as(number, '')}{SYMBOLS[expected]}"


def as_written(objective: Objective) -> str:
    """Return what stands left of the operator."""
    whole = f"{objective.series}.{objective.statistic}"
    return whole if whole in objective.text else objective.series
