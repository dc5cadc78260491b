"""Read an experiment file: first its form, then every name, unit and time in it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from kubedrill.experiment.faults import FaultReader
from kubedrill.experiment.parameters import check_parameters
from kubedrill.experiment.schema import ExperimentFile, LoadPart, ProbingPart, ScrapingPart
from kubedrill.experiment.settled import Experiment, Fault, PhaseLength, PhaseObjective, Seed
from kubedrill.record.catalogue import Catalogue
from kubedrill.record.objective import (
    AbortCondition,
    Objective,
    ObjectiveError,
    check,
    check_abort,
    parse,
    parse_abort,
)
from kubedrill.record.problems import Location, Problems, Source
from kubedrill.record.schedule import Probing, ScheduledLoad, Scraping
from kubedrill.record.series import RESERVED
from kubedrill.record.units import format_duration
from kubedrill.record.yaml import load_checked
from kubedrill.words import did_you_mean

Read = TypeVar("Read")


def read(path: Path, overrides: Sequence[str], catalogue: Catalogue) -> Experiment:
    """Read and check an experiment file, with each `--set key=value` of `overrides` applied.

    Raises BadFile with a line for every problem, NotStarted if only a `--set` is wrong.
    """
    file, source = load_checked(path, ExperimentFile, overrides, closed=[("phases",)])
    return _Checks(file, source, catalogue).settle()


class _Checks:
    """What one file says against what there is."""

    def __init__(self, file: ExperimentFile, source: Source, catalogue: Catalogue) -> None:
        self._file = file
        self._source = source
        self._catalogue = catalogue
        self._problems = Problems(source)
        self._load_names = [load.name for load in file.load]
        self._phases = _phase_times(file)

    def settle(self) -> Experiment:
        file = self._file
        self._check_cluster()
        loads = tuple(self._load(load, index) for index, load in enumerate(file.load))
        faults = self._faults()
        objectives = self._objectives()
        abort = tuple(
            one
            for index, text in enumerate(file.abort)
            if (one := self._try(("abort", index), self._abort, text))
        )
        self._problems.stop()
        return Experiment(
            title=file.title,
            why=file.why,
            claim=file.claim,
            cluster=file.cluster,
            seed=Seed(file.seed.pods, file.seed.secrets),
            phases=tuple(PhaseLength(name, length) for name, length in file.phases.items()),
            loads=loads,
            faults=faults,
            abort=abort,
            objectives=objectives,
            probing=_probing(file.probing),
            scraping=_scraping(file.scraping),
        )

    def _check_cluster(self) -> None:
        name, known = self._file.cluster, self._catalogue.clusters
        if name not in known:
            self._problems.add(("cluster",), f'unknown cluster "{name}"{did_you_mean(name, known)}')

    def _load(self, load: LoadPart, index: int) -> ScheduledLoad:
        place: Location = ("load", index)
        profile = self._catalogue.profiles.get(load.profile)
        if profile is None:
            near = did_you_mean(load.profile, self._catalogue.profiles)
            self._problems.add((*place, "profile"), f'unknown profile "{load.profile}"{near}')
        else:
            where = (*place, "with")
            schema = profile.parameters
            check_parameters(load.parameters, schema, load.profile, where, self._problems)
        if load.name in RESERVED:
            message = f'"{load.name}" is a built-in series; give the load another name'
            self._problems.add((*place, "as"), message)
        if load.name in self._load_names[:index]:
            message = f'two loads are named "{load.name}"; objectives could not tell them apart'
            self._problems.add((*place, "as"), message)
        return ScheduledLoad(load.name, load.profile, load.rate, load.parameters)

    def _faults(self) -> tuple[Fault, ...]:
        reader = FaultReader(self._phases, self._catalogue.faults, self._problems)
        faults = [reader.read(entry, index) for index, entry in enumerate(self._file.faults)]
        return tuple(fault for fault in faults if fault)

    def _objectives(self) -> tuple[PhaseObjective, ...]:
        found = []
        for phase, texts in self._file.slos.items():
            if phase not in self._phases:
                message = f'objectives for an unknown phase "{phase}"'
                self._problems.add(("slos", phase), f"{message}{did_you_mean(phase, self._phases)}")
                continue
            for index, text in enumerate(texts):
                place: Location = ("slos", phase, index)
                objective = self._try(place, self._objective, text, phase)
                if objective:
                    line = self._source.place(place).line
                    found.append(PhaseObjective(phase, objective, line))
        return tuple(found)

    def _objective(self, text: str, phase: str) -> Objective:
        objective = parse(text)
        check(objective, self._load_names)
        start, end = self._phases[phase]
        if (objective.eventually_s or 0) >= end - start:
            length = format_duration(end - start)
            raise ObjectiveError(f'phase "{phase}" lasts only {length}; give it less time')
        if objective.series.startswith("fault.") and not self._file.faults:
            raise ObjectiveError(f"{objective.series} needs a fault, and this drill has none")
        return objective

    def _abort(self, text: str) -> AbortCondition:
        condition = parse_abort(text)
        check_abort(condition, self._load_names)
        return condition

    def _try(self, place: Location, build: Callable[..., Read], *texts: str) -> Read | None:
        try:
            return build(*texts)
        except ObjectiveError as error:
            self._problems.add(place, str(error))
            return None


def _phase_times(file: ExperimentFile) -> dict[str, tuple[float, float]]:
    times, start = {}, 0.0
    for name, length in file.phases.items():
        times[name] = (start, start + length)
        start += length
    return times


def _probing(part: ProbingPart) -> Probing:
    rates = part.rates
    return Probing(
        deadline_s=part.deadline,
        fresh_rate=rates.fresh,
        kept_rate=rates.kept,
        apiserver_rate=rates.apiserver,
        victim_rate=rates.victim,
        stale_rate=rates.stale,
    )


def _scraping(part: ScrapingPart) -> Scraping:
    return Scraping(
        apiserver_s=part.apiserver,
        etcd_s=part.etcd,
        controllers_s=part.controllers,
        resources_s=part.resources,
    )
