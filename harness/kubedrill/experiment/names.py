"""Check what an experiment names against what there is: clusters, profiles, series, phases.

Passes over what has the wrong form, so that a person sees the errors of form and of meaning at once.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from kubedrill.experiment.draft import Draft, sound
from kubedrill.experiment.measurable import Measurable
from kubedrill.experiment.parameters import check_parameters
from kubedrill.experiment.schema import LoadPart
from kubedrill.experiment.settled import PhaseObjective, WantedFault
from kubedrill.experiment.slos import read_objectives
from kubedrill.reading.problems import Location
from kubedrill.record.abort import AbortCondition, check_abort, parse_abort
from kubedrill.record.catalogue import Catalogue, ProfileDescription, Refusal
from kubedrill.record.objective import Objective, ObjectiveError, check, parse
from kubedrill.record.schedule import Probing
from kubedrill.record.series import load_series, reserved
from kubedrill.record.state import check_state, parse_state
from kubedrill.words import did_you_mean, shown

Read = TypeVar("Read")


class NameCheck:
    """The names in one draft; what is wrong goes to its problems."""

    def __init__(self, draft: Draft, catalogue: Catalogue) -> None:
        self._file = draft.file
        self._catalogue = catalogue
        self._problems = draft.problems
        self._phases = draft.times
        self._loads = dict(sound(draft.file.load))
        self._unclear: set[str] = set()
        """Loads whose parameters are wrong: which series they have is not known."""

    @property
    def _load_names(self) -> list[str]:
        """The names of the series of all loads."""
        return [
            name
            for index, load in self._loads.items()
            if load.name is not None
            for name in load_series(load.name, self._catalogue.series(index, load.profile))
            or [load.name]
        ]

    @property
    def _silent(self) -> dict[str, Collection[str]]:
        """The phases in which a load does not press, by the load's name."""
        return {
            load.name: self._phases.keys() - {phase for _, phase in sound(load.phases)}
            for load in self._loads.values()
            if load.phases and load.name is not None
        }

    def check_cluster(self) -> None:
        """Check that the cluster is one of the catalogue's, and can be changed as it is to be."""
        name, known = self._file.cluster_name, self._catalogue.clusters
        if name is not None and name not in known:
            near = did_you_mean(name, known) or "; clusters/ has no file"
            self._problems.add(("cluster", "name"), f'unknown cluster "{shown(name)}"{near}')
        for place, why in self._catalogue.cluster_flaws:
            self._problems.add(("cluster", *place), f"cluster {name}: {why}")

    def check_loads(self) -> None:
        """Check each load's profile, its parameters, and its name."""
        seen: set[str] = set()
        right: set[int] = set()
        for index, load in self._loads.items():
            if self._check_profile(load, index):
                right.add(index)
            if load.name is not None:
                self._check_name(load.name, ("load", index, "as"), seen)
                self._check_load_phases(load, ("load", index, "phases"))
        self._check_together(right)
        self._check_workers()

    def _check_name(self, name: str, place: Location, seen: set[str]) -> None:
        if name in reserved():
            message = f'"{name}" is a built-in series; give the load another name'
            self._problems.add(place, message)
        if name in seen:
            message = f'two loads are named "{name}"; objectives could not tell them apart'
            self._problems.add(place, message)
        seen.add(name)

    def _check_workers(self) -> None:
        seen: set[str] = set()
        for index, load in self._loads.items():
            bind = load.workers.bind if load.workers else None
            port = (bind or "").rpartition(":")[2]
            if port and port in seen:
                message = f"two loads listen on port {port}; each needs one of its own"
                self._problems.add(("load", index, "workers", "bind"), message)
            seen.add(port)

    def _check_load_phases(self, load: LoadPart, place: Location) -> None:
        for index, phase in sound(load.phases):
            if self._phases and phase not in self._phases:
                near = did_you_mean(phase, self._phases)
                self._problems.add((*place, index), f'unknown phase "{shown(phase)}"{near}')
            elif phase in load.phases[:index]:
                self._problems.add((*place, index), f'phase "{phase}" is here twice; once will do')

    def _check_profile(self, load: LoadPart, index: int) -> bool:
        """Check profile and parameters; return whether there are some, each right by itself."""
        if load.profile is None:
            return False
        profile = self._catalogue.profiles.get(load.profile)
        if profile is None:
            self._problems.add(("load", index, "profile"), self._catalogue.no_profile(load.profile))
            return False
        if load.parameters is None:
            return False
        before = len(self._problems.found)
        place = ("load", index, "with")
        check_parameters(load.parameters, profile.parameters, load.profile, place, self._problems)
        return bool(load.parameters) and len(self._problems.found) == before

    def _check_together(self, right: set[int]) -> None:
        """Check the parameters of loads in which each by itself is right."""
        for index in sorted(right):
            answer, load = self._catalogue.loads[index], self._loads[index]
            if answer.wrong:
                right.remove(index)
                profile = self._catalogue.profiles[load.profile]
                place = self._place_of(answer.wrong, profile, index, load.parameters)
                self._problems.add(place, answer.wrong)
        self._unclear = {
            str(load.name)
            for index, load in self._loads.items()
            if load.parameters != {} and index not in right
        }

    def _place_of(
        self, wrong: str, profile: ProfileDescription, index: int, given: dict[str, Any]
    ) -> Location:
        """Return where the parameter stands that is wrong, or one of those that contradict each other."""
        around: Location = ("load", index, "with")
        places: list[Location] = [(*around, name) for name in given]
        named = [place for place in places if wrong.startswith(f"{profile.name}: {place[-1]}: ")]
        # Of the two that contradict each other, the one that was set on the command line.
        is_set = [place for place in places if self._problems.source.place(place).option]
        return next(iter((*named, *is_set)), around)

    def check_refused(
        self, faults: Mapping[tuple[int, int], WantedFault], refused: Iterable[Refusal]
    ) -> None:
        """Say which faults the cluster cannot take, each once; not where it is not known when they are."""
        if all(math.isfinite(end) for _, end in self._phases.values()):
            places, told = list(faults), set[Location]()
            for number, where, why in refused:
                place: Location = ("faults", places[number][0], faults[places[number]].name, *where)
                if place not in told:
                    told.add(place)
                    self._problems.add(place, why)

    def check_states(self, faults: Mapping[tuple[int, int], WantedFault]) -> None:
        """Check the states in which faults begin: whether they can be known, and when they can come."""
        for (index, _), fault in faults.items():
            if fault.when is not None:
                self._try(("faults", index, "when"), self._check_state, fault)

    def _check_state(self, fault: WantedFault) -> None:
        state = parse_state(str(fault.when))
        series = state.objective.series
        if series in self._unclear:
            return
        check_state(state, self._load_names)
        self._measurable([]).check_live(state.objective)
        if fault.phase in self._silent.get(series, ()):
            raise ObjectiveError(f'the load "{series}" does not press in this phase')

    def objectives(self, faults: Sequence[WantedFault]) -> tuple[PhaseObjective, ...]:
        """Return the objectives of every phase, those with problems left out.

        `faults` are what objectives on faults may be about.
        """
        slos, measurable = self._file.slos, self._measurable(faults)
        if slos is None:
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
            for index, text in sound(self._file.abort)
        )
        return tuple(condition for condition in found if condition)

    def _measurable(self, faults: Sequence[WantedFault]) -> Measurable:
        file = self._file
        whole = file.faults is not None and len(file.faults) == len(faults)
        deadline = file.probing.deadline if file.probing else None
        cluster = self._catalogue.cluster
        return Measurable(
            phases=self._phases,
            silent=self._silent,
            closed={str(load.name) for load in self._loads.values() if load.closed_loop},
            seeded={kind for kind, count in file.seed if count} if file.seed else set(),
            series=self._load_names,
            deadline_s=Probing().deadline if deadline is None else deadline,
            faults=faults if whole else None,
            zones=cluster.zones if cluster else None,
            bursts=tuple(dict.fromkeys(file.fleet.coming)) if file.fleet else (),
            demands=tuple(dict.fromkeys(file.fleet.demanding)) if file.fleet else (),
            fleet=file.fleet is not None,
            observed=cluster.observed if cluster else None,
            told=cluster.prometheus if cluster else None,
        )

    def _objective(self, text: str, phase: str, measurable: Measurable) -> Objective:
        objective = parse(text)
        if objective.series.partition(".")[0] in self._unclear:
            return objective
        check(objective, self._load_names)
        measurable.check(objective, phase)
        return objective

    def _abort(self, text: str) -> AbortCondition:
        condition = parse_abort(text)
        drill_s = max((end for _, end in self._phases.values()), default=math.inf)
        check_abort(condition, self._load_names, drill_s)
        measurable = self._measurable([])
        measurable.check_observed(condition.objective.series)
        measurable.check_live(condition.objective)
        return condition

    def _try(self, place: Location, build: Callable[..., Read], *given: Any) -> Read | None:
        try:
            return build(*given)
        except ObjectiveError as error:
            self._problems.add(place, str(error))
            return None
