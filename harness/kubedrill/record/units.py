"""Durations, rates, sizes and shares, as people write them and in base units (s, 1/s, bytes, 0..1)."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

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

NUMBER = r"\d{1,15}(?:\.\d{1,25})?"
DURATION_PATTERN = rf"^(?:{NUMBER}(?:ns|us|ms|s|m|h))+$"
RATE_PATTERN = rf"^{NUMBER}/[smh]$"
_QUANTITY = re.compile(rf"^(?P<number>{NUMBER}) ?(?P<unit>[A-Za-z%/]*)$")
_DURATION = re.compile(DURATION_PATTERN)
_DURATION_PART = re.compile(rf"(?P<number>{NUMBER})(?P<unit>ns|us|ms|s|m|h)")


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
        raise UnitError(f'"{text}" is not a number with a unit, such as 250ms, 99.9%, 10/s, 6MiB')
    if found["unit"] not in UNITS:
        known = ", ".join(unit for unit in UNITS if unit)
        raise UnitError(f'unknown unit "{found["unit"]}" in "{text}"; known: {known}')
    unit, size = UNITS[found["unit"]]
    return Quantity(float(Decimal(found["number"]) * size), unit, found["unit"])


def parse_duration(value: Any) -> float:
    """Read `10s`, `1m30s`, `250ms` as seconds; UnitError if it is none, or has no unit."""
    _refuse_number(value, "s")
    text = str(value).strip()
    if not _DURATION.match(text):
        raise UnitError(f'"{text}" is not {EXAMPLES["s"]}')
    parts = _DURATION_PART.finditer(text)
    return float(sum(Decimal(part["number"]) * UNITS[part["unit"]][1] for part in parts))


def parse_rate(value: Any) -> float:
    """Read `10/s`, `600/m` as times a second; UnitError if it is none, or has no unit."""
    _refuse_number(value, "/s")
    text = str(value).strip()
    found = _QUANTITY.match(text)
    unit, size = UNITS.get(found["unit"] if found else "", ("", Decimal(0)))
    if found is None or unit != "1/s":
        raise UnitError(f'"{text}" is not {EXAMPLES["1/s"]}')
    return float(Decimal(found["number"]) * size)


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
