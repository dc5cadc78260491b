"""Compare: objectives that relate arms, checked against what each arm will measure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from kubedrill.experiment import Experiment
from kubedrill.experiment.measurable import Measurable
from kubedrill.reading.problems import Location, Problems
from kubedrill.record.autoscaler import Demand
from kubedrill.record.catalogue import Catalogue
from kubedrill.record.fleet import Burst, Fleet
from kubedrill.record.objective import ObjectiveError, check
from kubedrill.record.relation import Relation, parse_relation
from kubedrill.record.series import load_series
from kubedrill.words import did_you_mean, shown


@dataclass(frozen=True, slots=True)
class PhaseRelation:
    """One relation of one phase, and the line it stands on."""

    phase: str
    relation: Relation
    line: int | None = None


def read_relations(
    slos: Mapping[str, Sequence[str]],
    arms: Mapping[str, tuple[Experiment, Catalogue]],
    problems: Problems,
) -> tuple[PhaseRelation, ...]:
    """Return the relations of every phase; what is wrong with one goes to `problems`."""
    around: Location = ("variants", "slos")
    if not any(slos.values()):
        problems.add(around, "variants.slos: no objective relates the arms; at least one must")
    measurable = {name: _measurable(*arm) for name, arm in arms.items()}
    found: list[PhaseRelation] = []
    for phase, written in slos.items():
        for index, text in enumerate(written):
            place = (*around, phase, index)
            line = problems.source.place(place).line
            try:
                relation = parse_relation(text)
                _check(relation, phase, measurable)
            except ObjectiveError as error:
                problems.add(place, str(error))
                continue
            if any((asked.phase, asked.relation) == (phase, relation) for asked in found):
                problems.add(
                    place, f"{shown(text)}: the same twice in {shown(phase)}; once will do"
                )
            found.append(PhaseRelation(phase, relation, line))
    return tuple(found)


def _check(relation: Relation, phase: str, arms: Mapping[str, Measurable]) -> None:
    """Raise ObjectiveError if one of the arms is none, or has nothing to measure there."""
    for side in relation.sides:
        if side.arm not in arms:
            raise ObjectiveError(f'unknown arm "{shown(side.arm)}"{did_you_mean(side.arm, arms)}')
        measurable = arms[side.arm]
        if phase not in measurable.phases:
            near = did_you_mean(phase, measurable.phases)
            raise ObjectiveError(f'arm "{side.arm}" has no phase "{shown(phase)}"{near}')
        try:
            check(side.objective, measurable.series)
            measurable.check_measured(side.objective, phase)
        except ObjectiveError as error:
            raise ObjectiveError(f"{side.arm}: {error}") from None


def _measurable(experiment: Experiment, catalogue: Catalogue) -> Measurable:
    """Return what there will be to measure in an arm."""
    names = {phase.name: experiment.phase_start(phase.name) for phase in experiment.phases}
    times = {name: (start, experiment.phase_end(name)) for name, start in names.items()}
    loads, fleet = experiment.loads, experiment.fleet or Fleet()
    return Measurable(
        phases=times,
        silent={load.name: times.keys() - set(load.phases) for load in loads if load.phases},
        closed={load.name for load in loads if load.arrivals.clients},
        seeded={kind for kind, count in experiment.seed.wanted().items() if count},
        series=_series(experiment, catalogue),
        deadline_s=experiment.probing.deadline,
        faults=experiment.faults,
        zones=catalogue.cluster.zones if catalogue.cluster else None,
        bursts=_phases([*fleet.bursts, *(fleet.demands if fleet.follows_demand else ())], times),
        demands=_phases(fleet.demands, times),
        fleet=experiment.fleet is not None,
        observed=catalogue.cluster.observed if catalogue.cluster else None,
        told=catalogue.cluster.prometheus if catalogue.cluster else None,
    )


def _phases(
    coming: Iterable[Burst | Demand], times: Mapping[str, tuple[float, float]]
) -> Collection[str]:
    """Return the phases in which some come, or are wanted."""
    return [
        name
        for name, (start, end) in times.items()
        if any(start <= each.at_s < end for each in coming)
    ]


def _series(experiment: Experiment, catalogue: Catalogue) -> list[str]:
    """Return the names of the series of all loads."""
    return [
        name
        for index, load in enumerate(experiment.loads)
        for name in load_series(load.name, catalogue.series(index, load.profile)) or [load.name]
    ]
