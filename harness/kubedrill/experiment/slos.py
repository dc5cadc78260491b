"""Objectives, `slos:` of an experiment, or of a file of their own by which a run may be judged again."""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from kubedrill.experiment.settled import PhaseObjective
from kubedrill.reading.problems import Location, Problems
from kubedrill.reading.types import Part
from kubedrill.reading.yaml import load_checked
from kubedrill.record.domain import Room, check_decides
from kubedrill.record.objective import Objective, ObjectiveError, check, parse
from kubedrill.record.schedule import ScheduledObjective
from kubedrill.words import did_you_mean, shown


class SlosFile(Part):
    """The file."""

    slos: dict[str, tuple[str, ...]]
    """Objectives by phase."""


def read_slos(
    path: Path, phases: Collection[str], loads: Collection[str]
) -> tuple[ScheduledObjective, ...]:
    """Read objectives for a run of these phases and series of loads; BadFile names file and line."""
    file, source = load_checked(path, SlosFile)
    problems = Problems(source)
    found = read_objectives(file.slos, phases, problems, lambda text, _: _measured_by(text, loads))
    problems.stop()
    return tuple(ScheduledObjective(one.phase, one.objective.text, one.line) for one in found)


def read_objectives(
    slos: Mapping[str, Any],
    phases: Collection[str],
    problems: Problems,
    read: Callable[[str, str], Objective],
) -> tuple[PhaseObjective, ...]:
    """Return the objectives of every phase, as `read` makes them of text and phase.

    What is wrong with one goes to `problems`, and what has the wrong form is passed over; no `phases`:
    it is not known which there are.
    """
    if not any(slos.values()):
        problems.add(("slos",), "slos: no objective; a verdict needs at least one")
    found: list[PhaseObjective] = []
    for phase, written in slos.items():
        if phases and phase not in phases:
            near = did_you_mean(phase, phases)
            problems.add(("slos", phase), f'objectives for an unknown phase "{shown(phase)}"{near}')
        seen: set[str] = set()
        for index, text in texts(written):
            place: Location = ("slos", phase, index)
            if text in seen:
                problems.add(
                    place, f"{shown(text)}: the same twice in {shown(phase)}; once will do"
                )
            seen.add(text)
            try:
                objective = read(text, phase)
            except ObjectiveError as error:
                problems.add(place, str(error))
                continue
            line = problems.source.place(place).line
            found.append(PhaseObjective(phase, objective, line))
    return tuple(found)


def texts(value: Any) -> Iterator[tuple[int, str]]:
    """Yield the texts in a list of them, each with its position."""
    for index, text in enumerate(value if isinstance(value, list | tuple) else ()):
        if isinstance(text, str):
            yield index, text


def _measured_by(text: str, loads: Collection[str]) -> Objective:
    objective = parse(text)
    check(objective, loads)
    check_decides(objective, loads, Room())
    return objective
