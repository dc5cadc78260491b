"""Objectives in a file of their own, `slos:` as in an experiment, by which a run may be judged again."""

from collections.abc import Collection
from pathlib import Path

from kubedrill.record.objective import ObjectiveError, check, parse
from kubedrill.record.problems import Location, Problems
from kubedrill.record.schedule import ScheduledObjective
from kubedrill.record.types import Part
from kubedrill.record.yaml import load_checked
from kubedrill.words import did_you_mean


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
    found: list[ScheduledObjective] = []
    for phase, texts in file.slos.items():
        if phase not in phases:
            near = did_you_mean(phase, phases)
            problems.add(("slos", phase), f'objectives for an unknown phase "{phase}"{near}')
        for index, text in enumerate(texts):
            place: Location = ("slos", phase, index)
            try:
                check(parse(text), loads)
            except ObjectiveError as error:
                problems.add(place, str(error))
            found.append(ScheduledObjective(phase, text, source.place(place).line))
    if not found:
        problems.add(("slos",), "slos: no objective; a verdict needs at least one")
    problems.stop()
    return tuple(found)
