"""Check the entries under `faults:` and put them on the drill's time."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubedrill.experiment.activities import ActivityReader
from kubedrill.experiment.parameters import check_parameters
from kubedrill.experiment.schema import FAULT_KEYS, MOST_FAULTS
from kubedrill.experiment.settled import ACTIVITY, WantedFault
from kubedrill.reading.problems import Location, Problems, describe
from kubedrill.reading.units import UnitError, format_duration, parse_duration
from kubedrill.record.catalogue import FaultDescription, Lasts, Need
from kubedrill.words import did_you_mean, shown

DEFAULT_PHASE = "fault"

_ROUNDING = 1e-9
"""Seconds are floats: the third 0.1 s ends a little after 0.3 s."""

_OF_ACTIVITIES = {
    "rollback": "knows how to undo itself",
    "rights": "asks the cluster as kubedrill",
}


@dataclass(frozen=True, slots=True)
class FaultReader:
    """Reads fault entries; what is wrong with them goes to `problems`."""

    phases: Mapping[str, tuple[float, float]]
    """Start and end of each phase, in seconds from the drill's start."""
    known: Mapping[str, FaultDescription]
    unreadable: Sequence[str]
    """What is wrong with files in which a fault may be, in words."""
    activities: ActivityReader
    problems: Problems

    def read(self, entry: Mapping[str, Any], index: int) -> tuple[WantedFault, ...]:
        """Return one entry as WantedFaults, several if it is repeated; none if something is wrong with it."""
        before = len(self.problems.found)
        location: Location = ("faults", index)
        name = self._name(entry, location)
        arguments = self._arguments(name, entry, location) if name else {}
        phase = self._phase(entry, location)
        known = self.known.get(name or "")
        lasts = known.lasts if known else "lasting"
        times = self._times(phase, entry, location, lasts) if phase else ()
        if name is None or phase is None or len(self.problems.found) > before:
            return ()
        slows_disks = known is not None and str(Need("limiting", "disk")) in known.needs
        return tuple(
            WantedFault(name, arguments, phase, begin, end, lasts, slows_disks)
            for begin, end in times
        )

    def _name(self, entry: Mapping[str, Any], location: Location) -> str | None:
        known = [ACTIVITY, *self.known]
        names = [key for key in entry if key not in FAULT_KEYS]
        unknown = [name for name in names if name not in known]
        for name in unknown:
            word = "fault" if "." in name or len(names) == 1 else "key"
            choices = known if word == "fault" else FAULT_KEYS
            unread = "".join(f" ({why})" for why in self.unreadable) if word == "fault" else ""
            message = f'unknown {word} "{shown(name)}"{did_you_mean(name, choices)}{unread}'
            self.problems.add((*location, name), message)
        if unknown:
            return None
        if len(names) != 1:
            said = " and ".join(map(shown, names)) or "none"
            self.problems.add(location, f"an entry of faults names one fault; here: {said}")
            return None
        return names[0]

    def _arguments(self, name: str, entry: Mapping[str, Any], location: Location) -> dict[str, Any]:
        given = entry[name]
        if name == ACTIVITY:
            return self.activities.read(entry, location)
        for key, why in _OF_ACTIVITIES.items():
            if key in entry:
                self.problems.add((*location, key), f"{key} is for activity; {name} {why}")
        if given is None:
            given = {}
        if not isinstance(given, dict):
            example = ", ".join(self.known[name].parameters.get("properties", {}))
            message = f"{name} takes a mapping of {{{example}}}, not {describe(given)}"
            self.problems.add((*location, name), message)
            return {}
        parameters = self.known[name].parameters
        check_parameters(given, parameters, name, (*location, name), self.problems)
        return given

    def _phase(self, entry: Mapping[str, Any], location: Location) -> str | None:
        phase = entry.get("phase", DEFAULT_PHASE)
        if isinstance(phase, str) and phase in self.phases:
            return phase
        if "phase" in entry:
            message = f'unknown phase "{shown(phase)}"{did_you_mean(str(phase), self.phases)}'
            self.problems.add((*location, "phase"), message)
        else:
            names = ", ".join(self.phases)
            message = f'no phase "{DEFAULT_PHASE}"; say with phase: which of {names} it is for'
            self.problems.add(location, message)
        return None

    def _times(
        self, phase: str, entry: Mapping[str, Any], location: Location, lasts: Lasts
    ) -> Sequence[tuple[float, float]]:
        """Return when the fault begins and ends, in seconds from the drill's start, each time."""
        start, end = self.phases[phase]
        at = self._duration(entry, "at", 0.0, location)
        if at is None:
            return ()
        if start + at >= end:
            length = format_duration(end - start)
            message = f'at: phase "{phase}" lasts {length}; the fault would begin after it'
            self.problems.add((*location, "at"), message)
            return ()
        every = self._every(entry, location, lasts)
        length_s = self._duration(entry, "for", every or end - start - at, location)
        if length_s is None or every is None:
            return ()
        if length_s <= 0:
            self.problems.add((*location, "for"), "for: must be more than 0s")
        last = max(end for _, end in self.phases.values())
        begins = [start + at]
        if every:
            begins = self._begins(start + at, end, (every, length_s), entry, location)
        if begins and begins[-1] + length_s > last:
            over = format_duration(round(begins[-1] + length_s - last, 9))
            self.problems.add(
                (*location, "for"), f"for: the fault would outlive the drill by {over}"
            )
        return [(begin, begin + length_s) for begin in begins]

    def _every(self, entry: Mapping[str, Any], location: Location, lasts: Lasts) -> float | None:
        """Return after how many seconds the fault begins again, 0 if it does not; None if that is wrong."""
        if "every" not in entry:
            if "times" in entry:
                self.problems.add((*location, "times"), "times: says how often; say every as well")
                return None
            return 0.0
        every = self._duration(entry, "every", 0.0, location)
        length_s = self._duration(entry, "for", 0.0, location)
        if every is None or length_s is None:
            return None
        if every <= 0:
            self.problems.add((*location, "every"), "every: must be more than 0s")
        elif lasts == "lasting" and "for" not in entry:
            message = "every: needs for, which is less: each is undone before the next begins"
            self.problems.add((*location, "every"), message)
        elif length_s >= every:
            message = (
                f"for: must be less than every, {format_duration(every)}: each is undone before"
            )
            self.problems.add((*location, "for"), message)
        else:
            return every
        return None

    def _begins(
        self,
        first: float,
        end: float,
        every: tuple[float, float],
        entry: Mapping[str, Any],
        location: Location,
    ) -> list[float]:
        """Return when a fault begins that is repeated: as often as it says, or as fits into its phase.

        `every` is after how many seconds it begins again, and for how many it lasts.
        """
        period, length_s = every
        fitting = max(1, math.floor((end - first - length_s) / period + 1 + _ROUNDING))
        times = entry.get("times", fitting)
        if type(times) is not int or times < 1:
            message = f"times: must be a whole number, 1 or more, not {describe(times)}"
        elif times > MOST_FAULTS:
            message = f"times: {times:,} faults; at most {MOST_FAULTS}"
            if "times" not in entry:
                message = f"every: {times:,} faults would begin in the phase; at most {MOST_FAULTS}"
        elif first + (times - 1) * period >= end:
            message = f"times: only {fitting} fit into the phase"
        else:
            return [round(first + number * period, 9) for number in range(times)]
        key = "times" if "times" in entry else "every"
        self.problems.add((*location, key), message)
        return []

    def _duration(
        self, entry: Mapping[str, Any], key: str, default: float, location: Location
    ) -> float | None:
        if key not in entry:
            return default
        try:
            return parse_duration(entry[key])
        except UnitError as error:
            self.problems.add((*location, key), f"{key}: {error}")
            return None
