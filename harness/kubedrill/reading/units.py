"""Durations, rates, sizes and shares, as people write them and in base units (s, 1/s, bytes, 0..1)."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kubedrill.words import SHOWN, did_you_mean, shown

# Written unit: (base unit, how many of it).
UNITS: dict[str, tuple[str, Decimal]] = {
    "ns": ("s", Decimal("1e-9")),
    "us": ("s", Decimal("1e-6")),
    "ms": ("s", Decimal("1e-3")),
    "s": ("s", Decimal(1)),
    "m": ("s", Decimal(60)),
    "h": ("s", Decimal(3600)),
    "%": ("ratio", Decimal("0.01")),
    "/s": ("1/s", Decimal(1)),
    "/m": ("1/s", 1 / Decimal(60)),
    "/h": ("1/s", 1 / Decimal(3600)),
    "cpu": ("cpu", Decimal(1)),
    "": ("1", Decimal(1)),
}
for _prefix, _size in {
    "": Decimal(1),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
}.items():
    UNITS[f"{_prefix}B"] = ("bytes", _size)
    UNITS[f"{_prefix}B/s"] = ("bytes/s", _size)

EXAMPLES: dict[str, str] = {
    "s": "a duration: 250ms, 10s, 1m30s",
    "ratio": "a share: 99.9%",
    "1/s": "a rate: 10/s, 600/m",
    "bytes": "a size: 512kB, 6MiB",
    "bytes/s": "bytes a second: 5MiB/s",
    "cpu": "cores: 1.5cpu",
    "1": "a plain number: 3",
}
"""Base unit: what it is called, with examples."""

NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,25})?"
DURATION_PATTERN = rf"^(?:{NUMBER}(?:ns|us|ms|s|m|h))+$"
RATE_PATTERN = rf"^{NUMBER}/[smh]$"
SIZE_PATTERN = rf"^{NUMBER} ?(?:[kMG]|[KMG]i)?B$"
BANDWIDTH_PATTERN = rf"^{NUMBER} ?(?:[kMG]|[KMG]i)?B/s$"
SHARE_PATTERN = rf"^{NUMBER} ?%$"
_QUANTITY = re.compile(
    rf"^(?P<number>{NUMBER}) ?(?P<unit>(?:per )?[^\W\d_]*[^\w\s.,:;+-]?[^\W\d_]*)$"
)
_DURATION = re.compile(DURATION_PATTERN)
_DURATION_PART = re.compile(rf"(?P<number>{NUMBER})(?P<unit>ns|us|ms|s|m|h)")


# What people write, and the unit that they mean.
_MEANT = {
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("msec", "msecs", "millis", "milliseconds"), "ms"),
    **dict.fromkeys(("\u00b5s", "\u03bcs", "usec", "micros", "microseconds"), "us"),
    **dict.fromkeys(("nsec", "nanos", "nanoseconds"), "ns"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("rps", "qps", "tps", "hz", "/sec", "/second", "per second", "per sec"), "/s"),
    **dict.fromkeys(("rpm", "/min", "/minute", "per minute"), "/m"),
    **dict.fromkeys(("/hr", "/hour", "per hour"), "/h"),
    **dict.fromkeys(("percent", "pct", "\uff05"), "%"),
    **dict.fromkeys(("core", "cores", "cpus", "vcpu", "vcpus"), "cpu"),
    **dict.fromkeys(("b", "byte", "bytes"), "B"),
    **{prefix.lower(): f"{prefix}B" for prefix in ("k", "G", "Ki", "Mi", "Gi")},
    **{unit.lower(): unit for unit in UNITS},
}


class UnitError(ValueError):
    """Not a quantity, or not of the unit asked for; the message says what would work."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in its base unit, and the unit it was written in."""

    value: float
    unit: str
    written: str


def parse_quantity(text: str) -> Quantity:
    """Read `250ms`, `99.9%`, `10/s`, `6MiB`, `3`; UnitError if it is none of them."""
    found = _QUANTITY.match(text.strip())
    if found is None:
        said = f'"{shown(text)}" is not a number with a unit, such as 250ms, 99.9%, 10/s, 6MiB'
        raise UnitError(said + _foreign(text))
    if found["unit"] not in UNITS:
        raise UnitError(
            f'unknown unit "{shown(found["unit"])}" in "{shown(text)}"{_meant(found["unit"])}'
        )
    unit, size = UNITS[found["unit"]]
    return Quantity(float(Decimal(found["number"]) * size), unit, found["unit"])


def parse_duration(value: Any) -> float:
    """Read `10s`, `1m30s`, `250ms` as seconds; UnitError if it is none, or has no unit."""
    _refuse_number(value, "s")
    text = str(value).strip()
    if not _DURATION.fullmatch(text):
        raise UnitError(_not_a(text, "s", _DURATION))
    parts = _DURATION_PART.finditer(text)
    return float(sum(Decimal(part["number"]) * UNITS[part["unit"]][1] for part in parts))


def parse_rate(value: Any) -> float:
    """Read `10/s`, `600/m` as times a second; UnitError if it is none, or has no unit."""
    _refuse_number(value, "/s")
    text = str(value).strip()
    found = _QUANTITY.match(text)
    unit, size = UNITS.get(found["unit"] if found else "", ("", Decimal(0)))
    if found is None or unit != "1/s":
        raise UnitError(_not_a(text, "1/s", re.compile(RATE_PATTERN)))
    return float(Decimal(found["number"]) * size)


def parse_as(value: Any, unit: str, written: str) -> float:
    """Read a value of that base unit (`5GB` as bytes); UnitError if it is none.

    `written`: a unit that is proposed where there is none.
    """
    _refuse_number(value, written)
    found = parse_quantity(str(value))
    if found.unit != unit:
        raise UnitError(f'"{shown(str(value))}" is not {EXAMPLES[unit]}')
    return found.value


def parse_size(value: Any) -> float:
    """Read `5GB`, `6MiB` as bytes; UnitError if it is none, or has no unit."""
    return parse_as(value, "bytes", "MB")


def parse_bandwidth(value: Any) -> float:
    """Read `125MB/s` as bytes a second; UnitError if it is none, or has no unit."""
    return parse_as(value, "bytes/s", "MB/s")


def parse_share(value: Any) -> float:
    """Read `6.4%` as a part of 1; UnitError if it is none, or has no unit."""
    return parse_as(value, "ratio", "%")


def _meant(unit: str) -> str:
    near = _MEANT.get(unit.lower())
    return f'; did you mean "{near}"?' if near else did_you_mean(unit, filter(None, UNITS))


def _not_a(text: str, unit: str, pattern: "re.Pattern[str]") -> str:
    """Say what a text is not; and what it would be with units of ours, if it would be one then."""
    said = f'"{shown(text)}" is not {EXAMPLES[unit]}'
    parts = re.findall(rf"({NUMBER}) ?([^0-9.]+)", text) if len(text) <= SHOWN else []
    better = "".join(number + _MEANT.get(word.strip().lower(), word) for number, word in parts)
    whole = len(text.replace(" ", "")) == sum(len("".join(part).replace(" ", "")) for part in parts)
    meant = whole and pattern.fullmatch(better)
    return f'{said}; did you mean "{better}"?' if meant else said + _foreign(text)


def _foreign(text: str) -> str:
    """Say what is not right about the digits of a text; or nothing."""
    if any(letter.isdigit() and not letter.isascii() for letter in text):
        return "; write its digits as 0 to 9"
    if re.search("[0-9],[0-9]", text):
        return "; write a decimal point, and no other separator"
    return ""


def _refuse_number(value: Any, unit: str) -> None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise UnitError(f"{value} has no unit; write {value}{unit}")
    if not isinstance(value, str):
        raise UnitError(f"must be text such as 10{unit}")


def format_duration(seconds: float) -> str:
    """Return a duration that `parse_duration` reads back exactly."""
    exact = Decimal(repr(seconds))
    if 0 < exact < 1:
        return f"{exact * 1000:f}".rstrip("0").rstrip(".") + "ms"
    return f"{_plain(exact)}s"


def format_rate(rate: float) -> str:
    """Return a rate that `parse_rate` reads back exactly."""
    return f"{_plain(Decimal(repr(rate)))}/s"


def format_size(size: float) -> str:
    """Return bytes that `parse_size` reads back exactly."""
    unit = next((unit for unit in ("GB", "MB", "kB") if size >= UNITS[unit][1]), "B")
    return f"{_plain(Decimal(repr(size)) / UNITS[unit][1])}{unit}"


def format_bandwidth(rate: float) -> str:
    """Return bytes a second that `parse_bandwidth` reads back exactly."""
    return f"{format_size(rate)}/s"


def format_share(share: float) -> str:
    """Return a share that `parse_share` reads back exactly."""
    return f"{_plain(Decimal(repr(share)) * 100)}%"


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def show(value: float, unit: str) -> str:
    """Return a value in base units as people read it: `71.2ms`, `99.95%`, `5.6MB`, `10/s`."""
    match unit:
        case "s":
            return _show_seconds(value)
        case "ratio":
            return f"{_short(value * 100, 6)}%"
        case "bytes" | "bytes/s":
            return _show_bytes(value) + unit.removeprefix("bytes")
        case "1/s":
            return f"{_short(value)}/s"
        case "cpu":
            return f"{_short(value)}cpu"
        case _:
            return _short(value, 12)


def show_as(value: float, written: str) -> str:
    """Return a value in base units in the unit `written` (a key of UNITS): `250ms`, `6MiB`."""
    # 12 digits: a third of a minute must come back as 20s, not as 19.99999999999999.
    return f"{_plain(Decimal(f'{Decimal(repr(value)) / UNITS[written][1]:.12g}'))}{written}"


def _show_seconds(value: float) -> str:
    if value == 0 or abs(value) >= 1:
        return f"{_short(value)}s"
    return f"{_short(value * 1e3)}ms" if abs(value) >= 1e-3 else f"{_short(value * 1e6)}us"


def _show_bytes(value: float) -> str:
    for name in ("B", "kB", "MB"):
        if abs(value) < 1000:
            return f"{_short(value)}{name}"
        value /= 1000
    return f"{_short(value)}GB"


def _short(value: float, digits: int = 4) -> str:
    return _plain(Decimal(f"{value:.{digits}g}"))
