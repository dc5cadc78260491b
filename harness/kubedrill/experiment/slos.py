"""Objectives, `slos:` of an experiment, or of a file of their own by which a run may be judged again."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from kubedrill.experiment.draft import sound
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
    return tuple(
        ScheduledObjective(asked.phase, asked.objective.text, asked.line) for asked in found
    )


def read_objectives(
    slos: Mapping[str, tuple[str, ...]],
    phases: Collection[str],
    problems: Problems,
    read: Callable[[str, str], Objective],
) -> tuple[PhaseObjective, ...]:
    """Return the objectives of every phase, as `read` makes them of text and phase.

    What is wrong with one goes to `problems`, and what has the wrong form is passed over; no `phases`:
    it is not known which there are.
    """
    if all(texts is not None and not texts for texts in slos.values()):
        problems.add(("slos",), "slos: no objective; a verdict needs at least one")
    found: list[PhaseObjective] = []
    for phase, texts in slos.items():
        if phases and phase not in phases:
            near = did_you_mean(phase, phases)
            problems.add(("slos", phase), f'objectives for an unknown phase "{shown(phase)}"{near}')
        seen: set[str] = set()
        for index, text in sound(texts):
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


def _measured_by(text: str, loads: Collection[str]) -> Objective:
    objective = parse(text)
    check(objective, loads)
    check_decides(objective, loads, Room())
    return objective
