"""When a fault of an experiment begins and ends: at a time, again and again, or in a state."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kubedrill.experiment.entry import MOST_FAULTS, BesideFault, key_of
from kubedrill.reading.problems import Location, Problems, describe
from kubedrill.reading.units import UnitError, format_duration, parse_duration
from kubedrill.record.catalogue import Lasts
from kubedrill.record.objective import ObjectiveError
from kubedrill.record.state import State, parse_state

_ROUNDING = 1e-9
"""Seconds are floats: the third 0.1 s ends a little after 0.3 s."""


class Span(NamedTuple):
    """From when to when a fault is in force, in seconds from the drill's start."""

    begin_s: float
    end_s: float
    when: str | None = None
    """The state in which it begins, from `begin_s` on."""
    for_s: float | None = None
    """How long it lasts from when that state came; None: until `end_s`."""


@dataclass(frozen=True, slots=True)
class SpanReader:
    """Reads the times of one entry of `faults:`; what is wrong with them goes to `problems`."""

    phases: Mapping[str, tuple[float, float]]
    """Start and end of each phase, in seconds from the drill's start."""
    entry: BesideFault
    location: Location
    problems: Problems

    def read(self, phase: str, lasts: Lasts) -> Sequence[Span]:
        """Return the spans of the fault, several if it is repeated; none if something is wrong."""
        start, end = self.phases[phase]
        at = self._duration("at", 0.0)
        if at is None:
            return ()
        begin = start + at
        if begin >= end:
            length = format_duration(end - start)
            self._wrong("at", f'at: phase "{phase}" lasts {length}; the fault would begin after it')
            return ()
        if self.entry.says("when"):
            return self._in_a_state(begin, end)
        return self._at_times(begin, end, lasts)

    def _at_times(self, begin: float, end: float, lasts: Lasts) -> Sequence[Span]:
        every = self._every(lasts)
        length_s = self._duration("lasts", every or end - begin)
        if length_s is None or every is None:
            return ()
        self._check_length(length_s)
        begins = self._begins(begin, end, every, length_s) if every else [begin]
        if begins:
            self._check_end(begins[-1] + length_s)
        return [Span(begin, begin + length_s) for begin in begins]

    def _in_a_state(self, begin: float, end: float) -> Sequence[Span]:
        """Return from when to when a fault may be in force that waits for a state."""
        for key in ("every", "times"):
            if self.entry.says(key):
                self._wrong(key, f"{key}: a fault that waits for a state (when) begins once")
        length_s = self._duration("lasts", 0.0)
        state = self._state()
        if state is None or length_s is None:
            return ()
        latest = round(begin + state.within_s, 9)
        if latest >= end:
            left = format_duration(round(end - begin, 9))
            self._wrong("when", f"when: must be within less than {left}, which the phase has left")
        if not self.entry.says("lasts"):
            return [Span(begin, end, self.entry.when)]
        self._check_length(length_s)
        self._check_end(latest + length_s)
        return [Span(begin, latest + length_s, self.entry.when, length_s)]

    def _state(self) -> State | None:
        written = self.entry.when
        if not isinstance(written, str):
            message = (
                f"when: must be a state, as objects.pods >= 5000 within 2m, not {describe(written)}"
            )
            self._wrong("when", message)
            return None
        try:
            return parse_state(written)
        except ObjectiveError as error:
            self._wrong("when", f"when: {error}")
            return None

    def _check_length(self, length_s: float) -> None:
        if length_s <= 0:
            self._wrong("lasts", "for: must be more than 0s")

    def _check_end(self, fault_end: float) -> None:
        last = max(end for _, end in self.phases.values())
        if fault_end > last:
            over = format_duration(round(fault_end - last, 9))
            self._wrong("lasts", f"for: the fault would outlive the drill by {over}")

    def _every(self, lasts: Lasts) -> float | None:
        """Return after how many seconds the fault begins again, 0 if it does not; None if that is wrong."""
        if not self.entry.says("every"):
            if self.entry.says("times"):
                self._wrong("times", "times: says how often; say every as well")
                return None
            return 0.0
        every = self._duration("every", 0.0)
        length_s = self._duration("lasts", 0.0)
        if every is None or length_s is None:
            return None
        if every <= 0:
            self._wrong("every", "every: must be more than 0s")
        elif lasts == "lasting" and not self.entry.says("lasts"):
            message = "every: needs for, which is less: each is undone before the next begins"
            self._wrong("every", message)
        elif length_s >= every:
            limit = format_duration(every)
            self._wrong("lasts", f"for: must be less than every, {limit}: each is undone before")
        else:
            return every
        return None

    def _begins(self, first: float, end: float, every: float, length_s: float) -> list[float]:
        """Return when a fault begins that is repeated: as often as it says, or as fits into its phase."""
        fitting = max(1, math.floor((end - first - length_s) / every + 1 + _ROUNDING))
        times = self.entry.times if self.entry.says("times") else fitting
        if type(times) is not int or times < 1:
            message = f"times: must be a whole number, 1 or more, not {describe(times)}"
        elif times > MOST_FAULTS:
            message = f"times: {times:,} faults; at most {MOST_FAULTS}"
            if not self.entry.says("times"):
                message = f"every: {times:,} faults would begin in the phase; at most {MOST_FAULTS}"
        elif first + (times - 1) * every >= end:
            message = f"times: only {fitting} fit into the phase"
        else:
            return [round(first + number * every, 9) for number in range(times)]
        self._wrong("times" if self.entry.says("times") else "every", message)
        return []

    def _duration(self, field: str, default: float) -> float | None:
        if not self.entry.says(field):
            return default
        try:
            return parse_duration(getattr(self.entry, field))
        except UnitError as error:
            self._wrong(field, f"{key_of(field)}: {error}")
            return None

    def _wrong(self, field: str, message: str) -> None:
        self.problems.add((*self.location, key_of(field)), message)
