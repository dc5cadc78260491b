"""Suite: read its file, and every experiment that it names; what is wrong is told with file and line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubedrill import places
from kubedrill.catalogue import read_experiment
from kubedrill.compare import run as compared
from kubedrill.compare.arms import Comparison, Options, read_comparison
from kubedrill.errors import NotStarted
from kubedrill.experiment import Experiment, as_written
from kubedrill.order import Leavings, Order, check_before
from kubedrill.reading.override import Override
from kubedrill.reading.problems import Location, Problems, Source, dotted, together
from kubedrill.reading.text import BadText, read_text
from kubedrill.reading.types import NAME_PATTERN
from kubedrill.reading.yaml import load_checked
from kubedrill.record.catalogue import Catalogue, ClusterDescription
from kubedrill.record.webhook import WebhookPart
from kubedrill.suite.schema import GatesPart, SuiteDrill, SuiteFile

_DRILLS = re.compile("^drills:", re.MULTILINE)
"""The key that a suite's file needs, and no experiment's and no cluster's has."""


@dataclass(frozen=True, slots=True)
class WantedDrill:
    """One drill of a suite, read and checked."""

    name: str
    file: Path
    gates: GatesPart
    plays: Comparison | tuple[Experiment, Catalogue]
    """All variants of the experiment, or its one drill."""

    @property
    def clusters(self) -> dict[str, ClusterDescription | None]:
        """The clusters that it is played on, by name, and what their files say of them."""
        if isinstance(self.plays, Comparison):
            return {arm.experiment.cluster: arm.catalogue.cluster for arm in self.plays.arms}
        experiment, catalogue = self.plays
        return {experiment.cluster: catalogue.cluster}

    def order(self, leaves: Leavings) -> Order | None:
        """Return what is to be run; None if that are variants."""
        if isinstance(self.plays, Comparison):
            return None
        experiment, catalogue = self.plays
        return Order(self.file, experiment, catalogue, leaves)

    def check(self, leaves: Leavings) -> None:
        """Check all but whether it may begin just now, before anything is started; NotStarted."""
        try:
            if isinstance(self.plays, Comparison):
                compared.check_all(self.plays, leaves, begins=False)
            elif order := self.order(leaves):
                check_before(order, begins=False)
        except NotStarted as error:
            raise NotStarted(f"drill {self.name}: {error}") from None


@dataclass(frozen=True, slots=True)
class Suite:
    """What a suite's file says, every experiment in it read."""

    file: Path
    title: str
    why: str
    drills: tuple[WantedDrill, ...]
    stops_after_failure: bool
    notify: tuple[WebhookPart, ...]

    @property
    def name(self) -> str:
        """The file's name."""
        return self.file.stem


def is_suite(file: Path) -> bool:
    """Whether a file is a suite's; who reads it says what is wrong with one that cannot be read."""
    try:
        return bool(_DRILLS.search(read_text(file)))
    except BadText:
        return False


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of suite files, for editors."""
    dialect = "https://json-schema.org/draft/2020-12/schema"
    schema = as_written(SuiteFile.model_json_schema())
    return {"$schema": dialect, "title": "kubedrill suite", **schema}


def read_suite(path: Path) -> Suite:
    """Read a suite and all that it names; NotStarted has a line for every problem, wherever it is."""
    file, source = load_checked(path, SuiteFile)
    problems = Problems(source)
    if not re.fullmatch(NAME_PATTERN, path.stem):
        problems.add((), f"the file's name, {path.stem}, is that of its reports: a-z, 0-9, _ and -")
    names = [_name(drill) for drill in file.drills]
    for number, name in enumerate(names):
        if name in names[:number]:
            problems.add(("drills", number), f"there is a drill {name} before it; give it as: NAME")
    problems.stop()
    drills, wrong = list[WantedDrill](), list[NotStarted]()
    for number in range(len(file.drills)):
        try:
            drills.append(_read(path, file, number, source))
        except NotStarted as error:
            wrong.append(error)
    if wrong:
        raise together(path, wrong)
    stops = file.after_failure == "stop"
    return Suite(path, file.title, file.why or "", tuple(drills), stops, file.notify)


def _name(drill: SuiteDrill) -> str:
    return drill.name or Path(drill.experiment).stem


def _read(path: Path, file: SuiteFile, number: int, source: Source) -> WantedDrill:
    """Read the experiment of one drill; NotStarted names the line of the suite that leads to it."""
    drill = file.drills[number]
    experiment = _experiment(path, drill, _at(source, ("drills", number, "experiment")))
    changes = tuple(_changes(drill, number, source))
    asked = Options(changes, scale=drill.scale)
    plays = read_comparison(experiment, asked) or read_experiment(
        experiment, changes, scale=drill.scale
    )
    return WantedDrill(_name(drill), experiment, drill.gates or file.gates, plays)


def _experiment(path: Path, drill: SuiteDrill, place: str) -> Path:
    """Return the file of an experiment: from the suite's folder on, or by its name."""
    named = Path(drill.experiment)
    if named.suffix or len(named.parts) > 1:
        found = path.parent / named
        if not found.is_file():
            raise NotStarted(f"{place}: there is no file {found}")
        return found
    try:
        return places.experiment_file(named, near=path)
    except NotStarted as error:
        raise NotStarted(f"{place}: {error}") from None


def _changes(drill: SuiteDrill, number: int, source: Source) -> Iterator[Override]:
    """Yield what is changed of the experiment, each with the line that says so."""
    for key, value in drill.changes.items():
        yield Override(key, value, _at(source, ("drills", number, "set", key)))
    if drill.cluster is not None:
        yield Override("cluster.name", drill.cluster, _at(source, ("drills", number, "cluster")))


def _at(source: Source, location: Location) -> str:
    """Return where something stands, as messages name it: `suites/x.yaml:7`."""
    line = source.place(location).line
    return f"{source.path}:{line}" if line else f"{source.path}: {dotted(location)}"
