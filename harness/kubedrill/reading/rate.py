"""How the rate of a load changes, as people write it, and the arrivals that follow from it."""

import csv
import math
from pathlib import Path
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, model_validator

from kubedrill.errors import BadFile
from kubedrill.reading.arrivals import Arrivals, Points, Spacing
from kubedrill.reading.text import BadText, read_text
from kubedrill.reading.types import FASTEST, AnyRate, Duration, Part, Pause, Rate, Time
from kubedrill.reading.units import format_rate, parse_rate
from kubedrill.words import shown


class RampPart(Part):
    """A straight line, and its end's rate from then on."""

    begin: AnyRate = Field(alias="from")
    end: AnyRate = Field(alias="to")
    over: Duration
    """How long it takes."""

    def points(self) -> Points:
        """Return the rate's points."""
        return ((0.0, self.begin), (self.over, self.end))


class StepsPart(Part):
    """A ladder: one rate after the other, the last one to the end."""

    rates: tuple[AnyRate, ...] = Field(min_length=1, max_length=1000)
    each: Duration
    """How long each lasts."""

    def points(self) -> Points:
        """Return the rate's points."""
        found: list[tuple[float, float]] = []
        for number, rate in enumerate(self.rates):
            begin = round(number * self.each, 9)
            found += [(begin, self.rates[number - 1])] if number else []
            found.append((begin, rate))
        return tuple(found)


class SpikePart(Part):
    """One rate, but for a while another."""

    base: AnyRate
    peak: AnyRate
    at: Time
    """When it begins, from the load's begin."""
    length: Duration = Field(alias="for")

    @model_validator(mode="after")
    def _spike(self) -> "SpikePart":
        if self.base == self.peak:
            raise ValueError("base and peak are the same rate; write that rate")
        return self

    def points(self) -> Points:
        """Return the rate's points."""
        end = round(self.at + self.length, 9)
        before = ((0.0, self.base), (self.at, self.base)) if self.at else ()
        return (*before, (self.at, self.peak), (end, self.peak), (end, self.base))


class RecordedPart(Part):
    """A recorded series of rates."""

    file: str = Field(min_length=1, max_length=1000)
    """CSV with the columns `seconds` and `rate` (arrivals a second), beside the experiment file; linear
    between its rows."""
    scale: float = Field(1.0, gt=0, le=1e6)
    """What each rate is multiplied by."""

    def points(self, folder: Path) -> Points:
        """Return the rate's points; ValueError says what is wrong with the file."""
        rows = _read_rows(folder / self.file)
        return tuple((seconds - rows[0][0], rate * self.scale) for seconds, rate in rows)


class RateShape(Part):
    """How a rate changes; exactly one of these. Times run from the load's begin."""

    ramp: RampPart | None = None
    steps: StepsPart | None = None
    spike: SpikePart | None = None
    recorded: RecordedPart | None = None
    points: tuple[tuple[Time, AnyRate], ...] | None = None
    """`[[0s, 10/s], [60s, 100/s]]`: linear between them; two at one time are a step; the last holds."""

    @model_validator(mode="after")
    def _one_shape(self) -> "RateShape":
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"needs one of {', '.join(type(self).model_fields)}")
        if self.points is not None:
            _check_points(self.points)
        return self

    def arrivals(self, folder: Path) -> Points:
        """Return the rate's points; ValueError if a recorded series is not usable."""
        if self.points is not None:
            return self.points
        if self.recorded is not None:
            return _check_points(self.recorded.points(folder))
        made = self.ramp or self.steps or self.spike
        assert made is not None
        return _check_points(made.points())


MOST_CLIENTS = 10_000


class ClosedLoopPart(Part):
    """Clients that each ask again when they are answered: the slower the server, the less they ask."""

    clients: int = Field(ge=1, le=MOST_CLIENTS)
    pause: Pause = 0.0
    """Between an answer and the next request."""


def _which(value: Any) -> str:
    return "[shape]" if isinstance(value, dict | RateShape) else "[rate]"


LoadRate = Annotated[
    Annotated[Rate, Tag("[rate]")] | Annotated[RateShape, Tag("[shape]")], Discriminator(_which)
]


def arrivals(rate: "float | RateShape", spacing: Spacing, burst: int, folder: Path) -> Arrivals:
    """Return the arrivals that a load's keys say; ValueError if a recorded series is not usable."""
    if isinstance(rate, RateShape):
        return Arrivals(rate.arrivals(folder), spacing, burst)
    return Arrivals(((0.0, rate),), spacing, burst)


def _check_points(points: Points) -> Points:
    times = [time for time, _ in points]
    if not points or times[0] != 0:
        raise ValueError("the first point of a rate must be at 0s")
    if times != sorted(times):
        raise ValueError("the points of a rate must be in the order of time")
    fastest = max(rate for _, rate in points)
    if not fastest:
        raise ValueError("the rate is 0/s all the time")
    if fastest > parse_rate(FASTEST):
        raise ValueError(f"the rate must be at most {FASTEST}, not {format_rate(fastest)}")
    return points


_LARGEST = 16 * 1024 * 1024
"""Bytes of a recorded series: a row a second for a week are 8 MB."""
_LONGEST_PATH = 500
"""Characters of a path that are repeated."""
_COLUMNS = ["seconds", "rate"]


def _read_rows(path: Path) -> list[tuple[float, float]]:
    """Return the rows of a recorded series; ValueError names file, line and what is wrong."""
    line = 1
    try:
        lines = csv.reader(read_text(path, _LARGEST).splitlines(), strict=True)
        rows = [(line := lines.line_num, cells) for cells in lines if any(cells)]
    except BadText as error:
        raise ValueError(_at(path, error.line, str(error))) from None
    except csv.Error as error:
        raise ValueError(_at(path, line + 1, f"no CSV: {error}")) from None
    if not rows:
        raise ValueError(
            _at(path, 1, "is empty; its first line must name the columns seconds and rate")
        )
    (line, head), *rows = rows
    columns = [name.strip() for name in head]
    if any(columns.count(name) != 1 for name in _COLUMNS):
        raise ValueError(_at(path, line, f"needs the columns seconds and rate{_separated(head)}"))
    if not rows:
        raise ValueError(_at(path, line, "has no rows"))
    where = [columns.index(name) for name in _COLUMNS]
    return [_row(path, line, cells, len(columns), where) for line, cells in rows]


def _separated(head: list[str]) -> str:
    """Say what separates the columns where that is no comma."""
    text = ",".join(head)
    other = next((name for mark, name in _SEPARATORS.items() if mark in text), "")
    return f", separated by commas, not by {other}" if other else f", not {shown(text)}"


_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "|"}


def _row(
    path: Path, line: int, cells: list[str], columns: int, where: list[int]
) -> tuple[float, float]:
    if len(cells) != columns:
        more = "; write decimals with a point" if len(cells) > columns else ""
        raise ValueError(_at(path, line, f"has {len(cells)} values, not {columns}{more}"))
    seconds, rate = (_number(path, line, cells[column]) for column in where)
    return seconds, rate


def _number(path: Path, line: int, cell: str) -> float:
    written = cell.strip()
    try:
        number = float(written) if written.isascii() and "_" not in written else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        wanted = "seconds and rate must be two numbers"
        raise ValueError(_at(path, line, f'{wanted}, and "{shown(written)}" is none'))
    if number < 0:
        raise ValueError(_at(path, line, f"seconds and rate are numbers from 0 on, not {number:g}"))
    return number


def _at(path: Path, line: int | None, message: str) -> str:
    return str(BadFile(shown(path, _LONGEST_PATH), line, message))
