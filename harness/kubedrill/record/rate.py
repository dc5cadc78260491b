"""How the rate of a load changes, as people write it, and the arrivals that follow from it."""

import csv
import math
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from kubedrill.record.arrivals import Arrivals, Points, Spacing
from kubedrill.record.types import Duration, Part, Rate, duration_type, rate_type
from kubedrill.record.units import format_duration, format_rate, parse_duration, parse_rate

Time = Annotated[float, BeforeValidator(parse_duration), duration_type]
"""A duration that may be 0s."""
AnyRate = Annotated[float, BeforeValidator(parse_rate), rate_type]
"""A rate that may be 0/s."""


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

    rates: tuple[AnyRate, ...] = Field(min_length=1)
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

    def points(self) -> Points:
        """Return the rate's points."""
        end = round(self.at + self.length, 9)
        before = ((0.0, self.base), (self.at, self.base)) if self.at else ()
        return (*before, (self.at, self.peak), (end, self.peak), (end, self.base))


class RecordedPart(Part):
    """A recorded series of rates."""

    file: str
    """CSV with the columns `seconds` and `rate` (arrivals a second), beside the experiment file; linear
    between its rows."""
    scale: float = Field(1.0, gt=0)
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


class ClosedLoopPart(Part):
    """Clients that each ask again when they are answered: the slower the server, the less they ask."""

    clients: int = Field(ge=1, le=10_000)
    pause: Time = 0.0
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


def write_arrivals(arrivals: Arrivals) -> dict[str, Any]:
    """Return a load's keys about its arrivals as an experiment file holds them."""
    if arrivals.clients:
        pause = format_duration(arrivals.pause_s)
        return {"closed_loop": {"clients": arrivals.clients, "pause": pause}}
    rate: Any = format_rate(arrivals.points[0][1])
    if len(arrivals.points) > 1:
        points = [[format_duration(time), format_rate(rate)] for time, rate in arrivals.points]
        rate = {"points": points}
    return {"rate": rate, "spacing": arrivals.spacing, "burst": arrivals.burst}


def _check_points(points: Points) -> Points:
    times = [time for time, _ in points]
    if not points or times[0] != 0:
        raise ValueError("the first point of a rate must be at 0s")
    if times != sorted(times):
        raise ValueError("the points of a rate must be in the order of time")
    if not any(rate for _, rate in points):
        raise ValueError("the rate is 0/s all the time")
    return points


def _read_rows(path: Path) -> list[tuple[float, float]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    if not rows:
        raise ValueError(f"{path}: has no rows")
    return [_row(path, line, row) for line, row in enumerate(rows, 2)]


def _row(path: Path, line: int, row: dict[str, str]) -> tuple[float, float]:
    try:
        seconds, rate = float(row["seconds"]), float(row["rate"])
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            f"{path}:{line}: needs the columns seconds and rate, two numbers"
        ) from None
    if not (math.isfinite(seconds) and math.isfinite(rate) and rate >= 0):
        raise ValueError(f"{path}:{line}: a rate is a number from 0 on")
    return seconds, rate
