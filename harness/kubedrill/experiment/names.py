"""Check what an experiment names against what there is: clusters, profiles, faults, series, phases.

Works on the file's plain values and passes over what has the wrong form, so that a person sees the
errors of form and of meaning at once.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from kubedrill.errors import NotStarted
from kubedrill.experiment.activities import ActivityReader
from kubedrill.experiment.faults import FaultReader
from kubedrill.experiment.measurable import Measurable
from kubedrill.experiment.parameters import check_parameters
from kubedrill.experiment.settled import Fault, PhaseObjective
from kubedrill.experiment.slos import read_objectives, texts
from kubedrill.reading.problems import Location, Problems
from kubedrill.reading.units import UnitError, parse_duration
from kubedrill.record.abort import AbortCondition, check_abort, parse_abort
from kubedrill.record.catalogue import Catalogue, ClusterDescription, ProfileDescription
from kubedrill.record.objective import Objective, ObjectiveError, check, parse
from kubedrill.record.schedule import Probing
from kubedrill.record.series import load_series, reserved
from kubedrill.words import did_you_mean, shown

Read = TypeVar("Read")
SoundLoad = tuple[int, ProfileDescription, dict[str, Any]]
"""A load's index, its profile, and parameters of which each is right by itself."""


class NameCheck:
    """The names in one file's plain values; what is wrong goes to `problems`."""

    def __init__(self, value: dict[str, Any], catalogue: Catalogue, problems: Problems) -> None:
        self._value = value
        self._catalogue = catalogue
        self._problems = problems
        self._cluster: ClusterDescription | None = None
        self._phases = _phase_times(value.get("phases"))
        self._series = {
            index: profile.series if profile else ()
            for index, load in self._entries("load")
            for profile in (self._profile(load),)
        }
        self._unclear: set[str] = set()
        """Loads whose parameters are wrong: which series they have is not known."""
        self._silent = {
            load["as"]: self._phases.keys() - {phase for _, phase in texts(load["phases"])}
            for _, load in self._entries("load")
            if isinstance(load.get("as"), str) and load.get("phases")
        }

    @property
    def _load_names(self) -> list[str]:
        """The names of the series of all loads."""
        return [
            name
            for index, load in self._entries("load")
            if isinstance(load.get("as"), str)
            for name in load_series(load["as"], self._series[index]) or [load["as"]]
        ]

    def _profile(self, load: dict[str, Any]) -> ProfileDescription | None:
        """Return a load's profile if it is one; what is wrong with it is told by `check_loads`."""
        try:
            return self._catalogue.profiles.get(str(load.get("profile")))
        except NotStarted:
            return None

    def check_cluster(self) -> None:
        """Check that the cluster is one of the catalogue's."""
        name, known = self._value.get("cluster"), self._catalogue.clusters
        if isinstance(name, str) and name not in known:
            self._problems.add(
                ("cluster",), f'unknown cluster "{shown(name)}"{did_you_mean(name, known)}'
            )
        elif isinstance(name, str):
            self._cluster = self._catalogue.cluster(name)

    def check_loads(self) -> None:
        """Check each load's profile, its parameters, and its name."""
        seen: set[str] = set()
        sound: list[SoundLoad] = []
        for index, load in self._entries("load"):
            sound += self._check_profile(load, index)
            name = load.get("as")
            if not isinstance(name, str):
                continue
            place = ("load", index, "as")
            if name in reserved():
                message = f'"{name}" is a built-in series; give the load another name'
                self._problems.add(place, message)
            if name in seen:
                message = (
                    f'two loads are named "{shown(name)}"; objectives could not tell them apart'
                )
                self._problems.add(place, message)
            seen.add(name)
            self._check_load_phases(load, ("load", index, "phases"))
        self._check_together(sound)
        self._check_workers()

    def _check_workers(self) -> None:
        seen: set[str] = set()
        for index, load in self._entries("load"):
            workers = load.get("workers")
            bind = str(workers.get("bind", "")) if isinstance(workers, dict) else ""
            port = bind.rpartition(":")[2]
            if port and port in seen:
                message = f"two loads listen on port {port}; each needs one of its own"
                self._problems.add(("load", index, "workers", "bind"), message)
            seen.add(port)

    def _check_load_phases(self, load: dict[str, Any], place: Location) -> None:
        for index, phase in texts(load.get("phases")):
            if self._phases and phase not in self._phases:
                near = did_you_mean(phase, self._phases)
                self._problems.add((*place, index), f'unknown phase "{shown(phase)}"{near}')
            elif phase in load["phases"][:index]:
                self._problems.add((*place, index), f'phase "{phase}" is here twice; once will do')

    def _check_profile(self, load: dict[str, Any], index: int) -> list[SoundLoad]:
        """Return the load if each of its parameters is right by itself."""
        name, given = load.get("profile"), load.get("with", {})
        if not isinstance(name, str):
            return []
        try:
            profile = self._catalogue.profile(name)
        except NotStarted as error:
            self._problems.add(("load", index, "profile"), str(error))
            return []
        if not isinstance(given, dict):
            return []
        before = len(self._problems.found)
        place = ("load", index, "with")
        check_parameters(given, profile.parameters, name, place, self._problems)
        right = given and len(self._problems.found) == before
        return [(index, profile, given)] if right else []

    def _check_together(self, loads: list[SoundLoad]) -> None:
        answers = self._catalogue.with_parameters([(profile, given) for _, profile, given in loads])
        for (index, profile, given), answer in zip(loads, answers, strict=True):
            self._series[index] = answer.series
            if answer.wrong:
                place = self._place_of(answer.wrong, profile, index, given)
                self._problems.add(place, answer.wrong)
        sound = {
            index for (index, *_), answer in zip(loads, answers, strict=True) if not answer.wrong
        }
        self._unclear = {
            str(load.get("as"))
            for index, load in self._entries("load")
            if load.get("with") and index not in sound
        }

    def _place_of(
        self, wrong: str, profile: ProfileDescription, index: int, given: dict[str, Any]
    ) -> Location:
        """Return where the parameter stands that is wrong, or one of those that contradict each other."""
        around: Location = ("load", index, "with")
        places: list[Location] = [(*around, name) for name in given]
        named = [one for one in places if wrong.startswith(f"{profile.name}: {one[-1]}: ")]
        # Of the two that contradict each other, the one that was set on the command line.
        is_set = [one for one in places if self._problems.source.place(one).option]
        return next(iter((*named, *is_set)), around)

    def faults(self) -> tuple[Fault, ...]:
        """Return the faults, those with problems left out."""
        if not self._phases:
            return ()
        entries = dict(self._entries("faults"))
        activities = ActivityReader([*entries.values()], self._catalogue, self._problems)
        reader = FaultReader(
            self._phases,
            self._catalogue.faults,
            self._catalogue.unreadable,
            activities,
            self._problems,
        )
        read = {index: reader.read(entry, index) for index, entry in entries.items()}
        faults = {index: fault for index, fault in read.items() if fault}
        self._check_refusals(faults)
        return tuple(faults.values())

    def _check_refusals(self, faults: dict[int, Fault]) -> None:
        timed = all(math.isfinite(end) for _, end in self._phases.values())
        if self._cluster is None or not timed:
            return
        indexes = list(faults)
        for number, argument, why in self._catalogue.refusals([*faults.values()], self._cluster):
            index = indexes[number]
            self._problems.add(("faults", index, faults[index].name, argument), why)

    def objectives(self, faults: Sequence[Fault]) -> tuple[PhaseObjective, ...]:
        """Return the objectives of every phase, those with problems left out.

        `faults` are what objectives on faults may be about.
        """
        slos, measurable = self._value.get("slos"), self._measurable(faults)
        if not isinstance(slos, dict):
            return ()
        return read_objectives(
            slos,
            self._phases,
            self._problems,
            lambda text, phase: self._objective(text, phase, measurable),
        )

    def abort(self) -> tuple[AbortCondition, ...]:
        """Return the abort conditions, those with problems left out."""
        found = (
            self._try(("abort", index), self._abort, text)
            for index, text in texts(self._value.get("abort"))
        )
        return tuple(one for one in found if one)

    def _measurable(self, faults: Sequence[Fault]) -> Measurable:
        given = self._value.get("faults") or []
        whole = isinstance(given, list) and len(given) == len(faults)
        zones = self._cluster.zones if self._cluster else None
        closed = {str(load.get("as")) for _, load in self._entries("load") if "closed_loop" in load}
        seed = self._value.get("seed")
        seeded = (
            {kind for kind, count in seed.items() if count} if isinstance(seed, dict) else set()
        )
        known = faults if whole else None
        about = (self._load_names, _deadline_s(self._value.get("probing")), known, zones)
        return Measurable(self._phases, self._silent, closed, seeded, *about)

    def _objective(self, text: str, phase: str, measurable: Measurable) -> Objective:
        objective = parse(text)
        if objective.series.partition(".")[0] in self._unclear:
            return objective
        check(objective, self._load_names)
        measurable.check(objective, phase)
        return objective

    def _abort(self, text: str) -> AbortCondition:
        condition = parse_abort(text)
        check_abort(condition, self._load_names, _drill_s(self._phases))
        return condition

    def _try(self, place: Location, build: Callable[..., Read], *given: Any) -> Read | None:
        try:
            return build(*given)
        except ObjectiveError as error:
            self._problems.add(place, str(error))
            return None

    def _entries(self, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
        entries = self._value.get(key)
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict):
                yield index, entry


def _deadline_s(probing: Any) -> float:
    """Return the probes' deadline; the usual one if the file has none that is one."""
    try:
        return parse_duration(probing["deadline"])
    except (UnitError, TypeError, KeyError):
        return Probing().deadline_s


def _drill_s(phases: Mapping[str, tuple[float, float]]) -> float:
    return max((end for _, end in phases.values()), default=math.inf)


def _phase_times(phases: Any) -> dict[str, tuple[float, float]]:
    """Return start and end of each phase; (0, inf) for all of them if a length is not one."""
    times: dict[str, tuple[float, float]] = {}
    start = 0.0
    if not isinstance(phases, dict):
        return times
    for name, length in phases.items():
        try:
            end = start + parse_duration(length)
        except UnitError:
            end = start
        if end == start:
            return dict.fromkeys(phases, (0.0, math.inf))
        times[name] = (start, end)
        start = end
    return times
