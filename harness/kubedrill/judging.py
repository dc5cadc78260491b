"""A run judged from its files: its evidence by the judge, its schedule by the experiment file beside it."""

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path

from kubedrill import judge as stage
from kubedrill.errors import BadFile
from kubedrill.experiment.agreement import differences, seeded_otherwise
from kubedrill.experiment.slos import SlosFile, read_slos
from kubedrill.reading.text import BadText, read_text
from kubedrill.reading.yaml import load
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence
from kubedrill.record.manifest import check
from kubedrill.record.schedule import Schedule, ScheduledObjective
from kubedrill.record.timeline import PhaseBegan, Seeded, read_timeline
from kubedrill.record.verdict import Report
from kubedrill.words import shown

_LARGEST = 256 * 2**20
"""Bytes of an experiment file as it ran: a recorded rate of a week, a row a second, are 20 MB."""
_NAMED = 10
"""More differences than this say no more."""


def judge(folder: RunFolder, slos: Path | None = None) -> Report:
    """Judge a run, by the objectives of a file of their own if it is given; errors as of the stage."""
    other = stage.Other(str(slos), partial(_read_alone, slos)) if slos else None
    return stage.judge(folder, other, checks=(disagreements,))


def _read_alone(
    path: Path, phases: Collection[str], loads: Collection[str]
) -> tuple[ScheduledObjective, ...]:
    """Read objectives as `read_slos`; BadFile with what would work where more than they stand in the file."""
    found, source = load(path, SlosFile)
    more = next((key for key in found if key != "slos"), None)
    if more is not None and "slos" in found:
        raise BadFile(
            path,
            source.place((more,)).line,
            f'"{shown(more)}" stands beside slos; a run is judged by a file that has slos: and nothing '
            f"else: copy the slos: of this one into a file of their own",
        )
    return read_slos(path, phases, loads)


def changes(folder: RunFolder) -> tuple[str, ...]:
    """Return what in a run's files is not as it was when the drill had ended, as far as that can be seen."""
    if broken := check(folder).broken:
        return tuple(broken)
    try:
        schedule = Schedule.read(folder.schedule)
    except BadEvidence:
        return ()  # so it was then, and the judge has said so
    return tuple(disagreements(folder, schedule))


def disagreements(folder: RunFolder, schedule: Schedule) -> Iterator[str]:
    """Yield what schedule.json and timeline.jsonl say otherwise than experiment.yaml; no more than some."""
    if not folder.experiment_yaml.exists():
        yield f"{folder.experiment_yaml.name}: is missing"
        return
    try:
        text = read_text(folder.experiment_yaml, _LARGEST)
    except BadText as error:
        yield f"{folder.experiment_yaml.name}: {error}"
        return
    for what in islice(differences(text, schedule), _NAMED):
        yield f"{folder.schedule.name}: {what}"
    seeded = _seeded(folder)
    if seeded is not None and (what := seeded_otherwise(text, seeded)):
        yield f"{folder.timeline.name}: {what}"


def _seeded(folder: RunFolder) -> Mapping[str, int] | None:
    """Return how many of each kind the drill seeded; None if it did not come so far, or cannot say."""
    try:
        events = read_timeline(folder.timeline, may_be_cut=True)
    except BadEvidence:
        return None  # the judge says so
    for event in events:
        if isinstance(event, Seeded):
            return event.created
    return {} if any(isinstance(event, PhaseBegan) for event in events) else None
