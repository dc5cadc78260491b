"""How steady the load must be before a drill begins: servers may grow while they are pressed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from kubedrill.reading.types import Between, Part
from kubedrill.reading.units import UnitError, format_duration, parse_duration, parse_share
from kubedrill.words import shown

_TEXT = re.compile(r"(p50|p90|p95|p99) within (\S+) over ([0-9]{1,2}) windows of (\S+)")
EXAMPLE = "p50 within 10% over 3 windows of 60s"
SHORTEST_S, LONGEST_S = 1.0, 600.0
"""Of a window: with fewer arrivals a percentile says little, and who needs longer ones is not steady."""


@dataclass(frozen=True, slots=True)
class Steadiness:
    """When a load is steady: when a percentile hardly differs from one window to the next."""

    statistic: str
    within: float
    """By how much, at most, of the smallest, 0.1 for 10 %."""
    windows: int
    """The last so many, one after the other."""
    window_s: float

    def holds(self, measured: Sequence[Mapping[str, float | None]]) -> bool:
        """Whether the last windows differ so little, of every load; each window has a value of each in s."""
        last = measured[-self.windows :]
        return len(last) == self.windows and all(
            self._alike([window[name] for window in last]) for name in last[0]
        )

    def _alike(self, values: Sequence[float | None]) -> bool:
        known = [value for value in values if value is not None]
        return len(known) == len(values) and max(known) <= min(known) * (1 + self.within)


def read_steadiness(text: str) -> Steadiness:
    """Read `p50 within 10% over 3 windows of 60s`; ValueError says what is wrong."""
    found = _TEXT.fullmatch(" ".join(text.split()))
    if not found:
        raise ValueError(f"{shown(text)} does not say when it is steady; write: {EXAMPLE}")
    try:
        within, window_s = parse_share(found[2]), parse_duration(found[4])
    except UnitError as error:
        raise ValueError(str(error)) from None
    windows = int(found[3])
    if not 0 < within <= 1:
        raise ValueError(f"within {found[2]}: more than 0% and at most 100%")
    if windows < 2:
        raise ValueError("over 2 windows at least: one by itself is always steady")
    if not SHORTEST_S <= window_s <= LONGEST_S:
        raise ValueError(f"windows of {found[4]}: from {SHORTEST_S:g}s to {LONGEST_S / 60:g}m")
    return Steadiness(found[1], within, windows, window_s)


@dataclass(frozen=True, slots=True)
class ScheduledWarmup:
    """The load presses before the drill begins, until it is steady."""

    until_steady: str
    """As written."""
    at_most_s: Annotated[float, Field(gt=0)]

    @property
    def steadiness(self) -> Steadiness:
        """When it is steady."""
        return read_steadiness(self.until_steady)


class Warmup(Part):
    """The key `warmup` of an experiment file."""

    until_steady: Annotated[str, Field(json_schema_extra={"examples": [EXAMPLE]})]
    """A percentile of every load's latency, of windows one after the other."""
    at_most: Annotated[float, Between(parse_duration, "2s", "2h")] = 600.0
    """A drill whose load is not steady by then is INVALID."""

    @field_validator("until_steady")
    @classmethod
    def _says_when(cls, text: str) -> str:
        read_steadiness(text)
        return text

    @model_validator(mode="after")
    def _long_enough(self) -> "Warmup":
        steady = read_steadiness(self.until_steady)
        if (needed := steady.windows * steady.window_s) > self.at_most:
            most = format_duration(self.at_most)
            raise ValueError(
                f"at_most {most}: {steady.windows} windows take {format_duration(needed)}"
            )
        return self

    def scheduled(self) -> ScheduledWarmup:
        """Return it as a schedule has it."""
        return ScheduledWarmup(self.until_steady, self.at_most)

    @classmethod
    def of(cls, scheduled: ScheduledWarmup) -> "Warmup":
        """Return what `scheduled` made it of."""
        return cls(until_steady=scheduled.until_steady, at_most=scheduled.at_most_s)
