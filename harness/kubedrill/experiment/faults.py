"""Check the entries under `faults:` and put them on the drill's time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubedrill.experiment.activities import ActivityReader
from kubedrill.experiment.entry import KEYS, BesideFault
from kubedrill.experiment.parameters import check_parameters
from kubedrill.experiment.settled import ACTIVITY, WantedFault
from kubedrill.experiment.spans import SpanReader
from kubedrill.reading.problems import Location, Problems, describe
from kubedrill.record.catalogue import FaultDescription, Need
from kubedrill.words import did_you_mean, shown

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
        beside = BesideFault.model_validate(entry, by_alias=True, by_name=False)
        phase = self._phase(beside, location)
        known = self.known.get(name or "")
        lasts = known.lasts if known else "lasting"
        reader = SpanReader(self.phases, beside, location, self.problems)
        spans = reader.read(phase, lasts) if phase else ()
        if name is None or phase is None or len(self.problems.found) > before:
            return ()
        slows_disks = known is not None and str(Need("limiting", "disk")) in known.needs
        return tuple(
            WantedFault(
                name,
                arguments,
                phase,
                span.begin_s,
                span.end_s,
                lasts,
                slows_disks,
                span.when,
                span.for_s,
            )
            for span in spans
        )

    def _name(self, entry: Mapping[str, Any], location: Location) -> str | None:
        known = [ACTIVITY, *self.known]
        names = [key for key in entry if key not in KEYS]
        unknown = [name for name in names if name not in known]
        for name in unknown:
            word = "fault" if "." in name or len(names) == 1 else "key"
            choices = known if word == "fault" else KEYS
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

    def _phase(self, beside: BesideFault, location: Location) -> str | None:
        phase = beside.phase
        if isinstance(phase, str) and phase in self.phases:
            return phase
        if beside.says("phase"):
            message = f'unknown phase "{shown(phase)}"{did_you_mean(str(phase), self.phases)}'
            self.problems.add((*location, "phase"), message)
        else:
            names = ", ".join(self.phases)
            message = f'no phase "{phase}"; say with phase: which of {names} it is for'
            self.problems.add(location, message)
        return None
