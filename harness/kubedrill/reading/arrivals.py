"""When the requests of a load are due. Open-loop: no answer is waited for.

A rate runs through points (seconds since the load began, arrivals a second), linear between them; two
points at one time are a step; the last rate holds. Arrivals lie where the integral of the rate reaches
whole numbers (paced), or the times of a Poisson process of rate 1 (poisson).
"""

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from kubedrill.clock import SECOND
from kubedrill.reading.units import format_duration, format_rate

Times = npt.NDArray[np.int64]
"""ns since the load began, ascending."""

Spacing = Literal["paced", "poisson"]
Points = tuple[tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]], ...]

SHOWN = 6
"""Points of a rate in words."""
_BLOCK = 65_536
"""Arrivals that are computed at once, so that an endless load takes no endless memory."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The arrivals of one load: the same ones whenever they are asked for."""

    points: Annotated[Points, Field(min_length=1)]
    spacing: Spacing = "paced"
    burst: Annotated[int, Field(ge=1)] = 1
    """How many come at once; the rate stays what it is."""
    clients: Annotated[int, Field(ge=0)] = 0
    """Of a closed loop, in which each asks again when it is answered, and there is no rate; 0: open."""
    pause_s: Annotated[float, Field(ge=0)] = 0.0
    """Of a closed loop: between an answer and the next request."""

    @classmethod
    def closed(cls, clients: int, pause_s: float = 0.0) -> "Arrivals":
        """Return a closed loop."""
        return cls(((0.0, 0.0),), clients=clients, pause_s=pause_s)

    @classmethod
    def constant(cls, rate: float) -> "Arrivals":
        """Return evenly paced arrivals at `rate` a second."""
        return cls(((0.0, rate),))

    def rate_at(self, seconds: float) -> float:
        """Return the rate at that time; after a step, if it is the time of one."""
        for (begin, first), (end, last) in pairwise(self.points):
            if begin <= seconds < end:
                return first + (last - first) * (seconds - begin) / (end - begin)
        return self.points[-1][1]

    def expected(self, seconds: float) -> float:
        """Return the integral of the rate over the first seconds: about so many arrivals."""
        segments = self._segments(seconds)
        return sum((first + last) / 2 * (end - begin) for begin, end, first, last in segments)

    def in_words(self) -> str:
        """Return them for people: `10/s`, or how the rate runs; `poisson`; `50 at once`."""
        if self.clients:
            pause = f", {format_duration(self.pause_s)} between" if self.pause_s else ""
            return f"closed loop of {self.clients} clients{pause}"
        first, *more = self.points
        words = [format_rate(first[1]) + (" at first" if more else "")]
        words += [f"{format_rate(rate)} at {format_duration(time)}" for time, rate in more[:SHOWN]]
        if len(more) > SHOWN:
            words.append(f"... ({len(self.points)} points)")
        if self.spacing != "paced":
            words.append(self.spacing)
        if self.burst > 1:
            words.append(f"{self.burst} at once")
        return ", ".join(words)

    def dues(self, length: int, name: str) -> Iterator[Times]:
        """Yield the arrivals of the first `length` ns, block by block; `name` seeds the Poisson ones."""
        numbers = _Numbers(self, name)
        expected = 0.0  # the integral of the rate up to the segment's begin
        for begin, end, first, last in self._segments(length / SECOND):
            segment = _Segment(begin, end, first, last, expected)
            expected = segment.until
            if expected > segment.since:
                yield from _in_segment(segment, numbers, length)

    def _segments(self, length_s: float) -> Iterator[tuple[float, float, float, float]]:
        points = (*self.points, (math.inf, self.points[-1][1]))
        for (begin, first), (end, last) in pairwise(points):
            if begin >= length_s:
                return
            if end > length_s:
                yield begin, length_s, first, self.rate_at(length_s)
            elif end > begin:
                yield begin, end, first, last


@dataclass(frozen=True, slots=True)
class _Segment:
    """A stretch in which the rate is linear; times in s, rates in 1/s."""

    begin: float
    end: float
    first: float
    last: float
    since: float
    """The integral of the rate up to `begin`."""

    @property
    def until(self) -> float:
        """The integral of the rate up to `end`."""
        return self.since + (self.first + self.last) / 2 * (self.end - self.begin)

    def times(self, numbers: npt.NDArray[np.float64]) -> Times:
        """Return when the integral of the rate reaches these numbers, ns."""
        left = np.maximum(numbers - self.since, 0)
        slope = (self.last - self.first) / (self.end - self.begin)
        # The root of the parabola that is also right where the slope is 0.
        root = np.sqrt(np.maximum(self.first**2 + 2 * slope * left, 0))
        # A rate that begins at 0 has its first arrival at once, too: 0 / 0.
        after = 2 * left / np.maximum(self.first + root, 1e-300)
        return np.rint((self.begin + after) * SECOND).astype(np.int64)


class _Numbers:
    """The values of the rate's integral at which arrivals are due, taken from the front."""

    def __init__(self, arrivals: Arrivals, name: str) -> None:
        self._poisson = arrivals.spacing == "poisson"
        self._burst = arrivals.burst
        self._random = np.random.default_rng(zlib.crc32(name.encode()))
        self._next = 0
        self._last = 0.0
        self._block: npt.NDArray[np.float64] = np.empty(0)

    def ahead(self) -> npt.NDArray[np.float64]:
        """Return the next ones, without taking them."""
        if not len(self._block):
            self._block = self._make()
        return self._block

    def take(self, count: int) -> None:
        """Drop the first ones."""
        self._block = self._block[count:]

    def _make(self) -> npt.NDArray[np.float64]:
        bursts = max(_BLOCK // self._burst, 1)
        if self._poisson:
            steps = self._random.exponential(self._burst, bursts)
            made = self._last + np.cumsum(steps)
            self._last = float(made[-1])
        else:
            made = np.arange(self._next, self._next + bursts, dtype=np.float64) * self._burst
            self._next += bursts
        return np.repeat(made, self._burst)


def _in_segment(segment: _Segment, numbers: _Numbers, length: int) -> Iterator[Times]:
    end = min(round(segment.end * SECOND), length)
    while True:
        ahead = numbers.ahead()
        # One more than the integral says: rounding decides about the last one by its time.
        count = int(np.searchsorted(ahead, segment.until + 1, side="right"))
        times = segment.times(ahead[:count])
        taken = int(np.searchsorted(times, end, side="left"))
        numbers.take(taken)
        if taken:
            yield times[:taken]
        if taken < len(ahead):
            return
