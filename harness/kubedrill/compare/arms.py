"""Compare: the arms of an experiment, read from its file: each is the drill with one thing changed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kubedrill.catalogue import read_experiment
from kubedrill.compare.order import Play, interleaved
from kubedrill.compare.relations import PhaseRelation, read_relations
from kubedrill.errors import NotStarted
from kubedrill.experiment import Experiment, by_cluster
from kubedrill.experiment.draft import load_file
from kubedrill.experiment.schema import ExperimentFile, VariantsPart
from kubedrill.reading.override import Override, head_of
from kubedrill.reading.problems import Location, Problems, Source, dotted, together
from kubedrill.reading.yaml import check as check_form
from kubedrill.record.catalogue import Catalogue, ClusterDefinition
from kubedrill.words import did_you_mean, shown

VARIANTS = "variants"
SHARED = ("title", "claim", "why", "slos", "abort", "headroom", VARIANTS, by_cluster.KEY)
"""What is said and judged is the same for every arm."""


@dataclass(frozen=True, slots=True)
class Arm:
    """The drill with one thing changed."""

    name: str
    key: str
    """What is changed, as `--set` would name it."""
    value: Any
    experiment: Experiment
    catalogue: Catalogue
    """What the experiment was checked against."""

    @property
    def drill(self) -> tuple[Experiment, ClusterDefinition | None]:
        """What two arms differ in: of a cluster, what it is then, and not how that is written."""
        described = self.catalogue.cluster
        definition = described.definition if described else None
        return replace(self.experiment, cluster_changes={}), definition

    @property
    def written(self) -> str:
        """The value on a line of its own."""
        return in_a_line(self.value)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The arms of one experiment, and what is asked of them together."""

    file: Path
    text: dict[str, Any]
    """The whole file, every `--set` in it."""
    arms: tuple[Arm, ...]
    repeat: int
    relations: tuple[PhaseRelation, ...]

    @property
    def plays(self) -> tuple[Play, ...]:
        """The runs, in their order."""
        return interleaved([arm.name for arm in self.arms], self.repeat)

    def related(self, arm: str) -> dict[str, str]:
        """Return the series of an arm that it is compared by, by the relations."""
        return {
            asked.relation.text: side.objective.series
            for asked in self.relations
            for side in asked.relation.sides
            if side.arm == arm
        }

    def arm(self, name: str) -> Arm:
        """Return the arm of that name; KeyError if there is none."""
        return {arm.name: arm for arm in self.arms}[name]


@dataclass(frozen=True, slots=True)
class Options:
    """What was typed besides the file."""

    overrides: Sequence[str | Override] = ()
    on: str | None = None
    """The cluster to run on instead of the file's."""
    scale: float = 1.0


def read_comparison(file: Path, asked: Options) -> Comparison | None:
    """Read the arms of an experiment file; None if it has no variants.

    BadFile and NotStarted as of `read_experiment`, which reads each arm; what is wrong with several of
    them is told of all.
    """
    found = _read_changes(file, asked)
    if found is None:
        return None
    variants, text, problems = found
    arms = _read_arms(file, variants, asked, problems.source)
    _check_apart(arms, problems)
    experiments = {arm.name: (arm.experiment, arm.catalogue) for arm in arms}
    relations = read_relations(variants.slos, experiments, problems)
    problems.stop()
    return Comparison(file, text, arms, variants.repeat, relations)


def read_arm(file: Path, name: str, asked: Options) -> Arm:
    """Read one arm of an experiment file, whatever is to be said of the others; errors as for all."""
    found = _read_changes(file, asked)
    if found is None:
        raise NotStarted(f"{file}: has no variants; leave --variant out")
    variants, _, problems = found
    if name not in variants.arms:
        near = did_you_mean(name, variants.arms)
        raise NotStarted(f'{file}: unknown variant "{shown(name)}"{near}')
    return _read_arm(file, name, variants, asked, problems.source)


def _read_changes(
    file: Path, asked: Options
) -> tuple[VariantsPart, dict[str, Any], Problems] | None:
    """Return what each arm changes, one thing, and the whole file; None if it has no variants."""
    try:
        value, source = load_file(file, asked.overrides)
    except NotStarted:
        return None  # whoever reads it as an experiment says what is wrong with it
    if value.get(VARIANTS) is None:
        return None
    problems = Problems(source)
    form = check_form(value, ExperimentFile, problems)
    problems.stop()
    assert form is not None
    assert form.variants is not None
    _check_changes(form.variants, problems)
    problems.stop()
    _check_options(form.variants, asked)
    return form.variants, value, problems


def _read_arms(
    file: Path, variants: VariantsPart, asked: Options, source: Source
) -> tuple[Arm, ...]:
    arms, wrong = list[Arm](), list[NotStarted]()
    for name in variants.arms:
        try:
            arms.append(_read_arm(file, name, variants, asked, source))
        except NotStarted as error:
            wrong.append(error)
    if wrong:
        raise together(file, wrong)
    return tuple(arms)


def _read_arm(file: Path, name: str, variants: VariantsPart, asked: Options, source: Source) -> Arm:
    [(key, value)] = variants.arms[name].items()
    line = source.place((*_place(name), key)).line
    change = Override(key, value, file=file, line=line)
    read = read_experiment(file, [*asked.overrides, change], asked.on, asked.scale)
    return Arm(name, key, value, *read)


def with_arms(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the list of experiments with its arms; or with what is wrong with them."""
    try:
        comparison = None if row["wrong"] else read_comparison(Path(row["file"]), Options())
    except NotStarted as error:
        return {**row, "variants": "", "claim": "", "title": str(error), "wrong": True}
    names = [arm.name for arm in comparison.arms] if comparison else []
    return {**row, "variants": ", ".join(names)}


def in_a_line(value: Any) -> str:
    """Return a plain value as a line shows it: text as it is, all else, and no text, as JSON."""
    return value if isinstance(value, str) and value else json.dumps(value)


def _check_changes(variants: VariantsPart, problems: Problems) -> None:
    """Check that each arm changes one thing, and all of them the same."""
    first = next(iter(variants.arms))
    for name, changes in variants.arms.items():
        place = _place(name)
        if not changes:
            problems.add(
                place,
                f'arm "{name}" changes nothing; give it one key, such as load[0].rate: 20/s '
                "(that of the file as it stands gives the file's own value)",
            )
        elif len(changes) > 1:
            keys = ", ".join(map(shown, changes))
            words = f'arm "{name}" changes {len(changes)} things: {keys}; arms differ in one'
            problems.add(place, words)
        else:
            [key] = changes
            _check_key(name, key, (first, variants.arms[first]), problems)


def _check_key(
    name: str, key: str, first: tuple[str, Mapping[str, Any]], problems: Problems
) -> None:
    place = (*_place(name), key)
    other, others = first
    head = head_of(key)
    if head not in ExperimentFile.model_fields:
        near = did_you_mean(head, ExperimentFile.model_fields)
        problems.add(place, f'unknown key "{shown(head)}"{near}')
    elif head in SHARED:
        words = f'arm "{name}" changes {head}, which is the same for every arm'
        problems.add(place, f"{words}; change what the drill does")
    elif len(others) == 1 and key not in others:
        [known] = others
        words = f'arm "{name}" changes {shown(key)}, and arm "{other}" {shown(known)}'
        problems.add(place, f"{words}: two things; give all arms the same key")


def _check_options(variants: VariantsPart, asked: Options) -> None:
    """Raise NotStarted for what was typed and every arm would change again."""
    [key] = next(iter(variants.arms.values()))
    typed = [
        given if isinstance(given, Override) else Override.read(given) for given in asked.overrides
    ]
    typed += [Override.cluster(asked.on)] if asked.on is not None else []
    for override in typed:
        if override.key == key or override.key.startswith((f"{key}.", f"{key}[")):
            raise override.refused("each arm gives it a value of its own; change the arms")


def _check_apart(arms: Sequence[Arm], problems: Problems) -> None:
    """Check that each arm is another drill than those before it, and differs from the first in one thing."""
    first, seen = arms[0], list[Arm]()
    for arm in arms:
        same = next((other for other in seen if other.drill == arm.drill), None)
        apart = list(differing(first.value, arm.value))
        if same:
            words = f'arm "{arm.name}" is the same drill as arm "{same.name}"'
            problems.add((*_place(arm.name), arm.key), words)
        elif len(apart) > 1:
            words = f'arm "{arm.name}" differs from arm "{first.name}" in {len(apart)} things'
            keys = ", ".join(dotted(place) for place in apart)
            problems.add((*_place(arm.name), arm.key), f"{words}: {keys}; arms differ in one")
        seen.append(arm)


def differing(value: Any, other: Any, around: Location = ()) -> Iterator[Location]:
    """Yield the ways to the smallest parts in which two plain values differ."""
    if isinstance(value, dict) and isinstance(other, dict):
        for key in dict.fromkeys((*value, *other)):
            yield from differing(value.get(key), other.get(key), (*around, key))
    elif isinstance(value, list) and isinstance(other, list) and len(value) == len(other):
        for number, pair in enumerate(zip(value, other, strict=True)):
            yield from differing(*pair, (*around, number))
    elif (type(value), value) != (type(other), other):
        yield around


def _place(arm: str) -> Location:
    return (VARIANTS, "arms", arm)
