"""Report: values and units as people read them: `71 ms`, `98.3 %`, `3.00 s`, `5.6 MB`."""

from decimal import Decimal

from kubedrill.reading.units import show

NOTHING = "-"
"""Shown where there is no value."""

_DIGITS = 3
_MOST_DIGITS = 12
_SECONDS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))
_BYTES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B"))
_SUFFIX = {"1/s": "/s", "cpu": " cores", "bytes/s": "/s"}


def figure(value: float | None, unit: str, apart_from: float | None = None) -> str:
    """Return a value in its base unit (s, ratio, bytes, bytes/s, 1, 1/s, cpu) as people read it.

    It gets as many digits as it needs not to look like `apart_from`, a threshold it is not.
    """
    if value is None:
        return NOTHING
    if apart_from is None or value == apart_from:
        return _written(value, unit, _DIGITS)
    for digits in range(_DIGITS, _MOST_DIGITS):
        text = _written(value, unit, digits)
        if _parts(text) != _parts(_written(apart_from, unit, digits)):
            return text
    return _written(value, unit, _MOST_DIGITS)


def threshold(value: float, unit: str, operator: str) -> str:
    """Return what was asked for, as objectives are written: `< 250ms`, `>= 99.95%`."""
    return f"{operator} {show(value, unit)}"


def seconds(value: float | None) -> str:
    """Return a duration: `71 ms`, `3.00 s`, `160 s`."""
    return figure(value, "s")


def share(value: float | None) -> str:
    """Return a share 0..1 as per cent; what is not all is never shown as 100 %."""
    return figure(value, "ratio")


def size(value: float | None) -> str:
    """Return bytes: `5.6 MB`."""
    return figure(value, "bytes")


def rate(value: float | None) -> str:
    """Return times a second: `10.0/s`."""
    return figure(value, "1/s")


def count(value: float | None) -> str:
    """Return a number of things: `1,600`."""
    return figure(value, "1")


def offset(time: int | None, start: int) -> str:
    """Return a monotonic time in ns as seconds after `start`: `+55.1 s`."""
    return NOTHING if time is None else f"{(time - start) / 1e9:+.1f} s"


def _parts(text: str) -> tuple[float, str]:
    """Split `10.00/s` into 10.0 and `/s`, to compare what is said rather than how."""
    number = text.rstrip("/ %abcdefghijklmnopqrstuvwxyzBGM")
    return float(number.replace(",", "")), text[len(number) :]


def _written(value: float, unit: str, digits: int) -> str:
    match unit:
        case "s":
            return _scaled(value, _SECONDS, digits, "s")
        case "ratio":
            return _percent(value, digits)
        case "bytes" | "bytes/s":
            return _scaled(value, _BYTES, digits - 1, "B") + _SUFFIX.get(unit, "")
        case "1" if float(value).is_integer():
            return f"{value:,.0f}"
    return _fixed(value, digits) + _SUFFIX.get(unit, "")


def _scaled(value: float, scale: tuple[tuple[float, str], ...], digits: int, zero: str) -> str:
    if value == 0:
        return f"0 {zero}"
    largest_first = sorted(scale, reverse=True)
    # 999.6 ms with three digits would read 1000 ms: that is 1.00 s.
    margin = 1 - 0.5 * 10.0**-digits
    factor, name = next(
        (step for step in largest_first if abs(value) >= step[0] * margin), largest_first[-1]
    )
    return f"{_fixed(value / factor, _fewer(value / factor, digits, name))} {name}"


def _fewer(value: float, digits: int, name: str) -> int:
    # Below a second nobody reads tenths of a millisecond beside tens of them.
    return min(digits, 2) if name in {"ms", "us"} and digits == _DIGITS and value < 100 else digits


def _percent(value: float, digits: int) -> str:
    """Round towards the middle: 99.96 % of the probes is not 100 %, and one in 10,000 is not 0 %."""
    percent = Decimal(repr(float(value))) * 100
    if percent in {0, 100}:
        return f"{percent:.0f} %"
    nearest = 100 if percent > 50 else 0
    distance = abs(percent - nearest)
    places = max(1, digits - 2, _first_place(distance))
    return f"{percent:.{places}f} %"


def _first_place(distance: Decimal) -> int:
    """Return at which decimal place a number below 1 begins; 1 for larger ones."""
    return max(1, -distance.adjusted()) if distance < 1 else 1


def _fixed(value: float, digits: int) -> str:
    """Return a number with so many significant digits, never in exponent form or cut before the dot."""
    number = Decimal(repr(float(value)))
    if not number:
        return "0"
    whole = number.adjusted() + 1
    text = f"{number:,.{max(digits - max(whole, 1), 0)}f}"
    return text if text.strip("0.,-") else f"{number:.1g}"
