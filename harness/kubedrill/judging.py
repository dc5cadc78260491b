"""A run judged from its files: its evidence by the judge, its schedule by the experiment file beside it."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from kubedrill import judge as stage
from kubedrill.experiment.agreement import differences, seeded_otherwise
from kubedrill.experiment.slos import read_slos
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence
from kubedrill.record.schedule import Schedule
from kubedrill.record.text import BadText, read_text
from kubedrill.record.timeline import Seeded, read_timeline
from kubedrill.record.verdict import Report, Verdict

_LARGEST = 256 * 2**20
"""Bytes of an experiment file as it ran: a recorded rate of a week, a row a second, are 20 MB."""
_NAMED = 10
"""More differences than this say no more."""


def judge(folder: RunFolder, slos: Path | None = None) -> Report:
    """Judge a run, by the objectives of a file of their own if it is given; errors as of the stage."""
    own = stage.judge(folder, checks=(disagreements,))
    if slos is None or (own.verdict is Verdict.INVALID and not own.phases):
        return own  # what cannot be read has no phases by which the file could be checked
    objectives = read_slos(slos, *stage.measurable(folder))
    return stage.judge(folder, objectives, str(slos), checks=(disagreements,))


def disagreements(folder: RunFolder) -> Iterator[str]:
    """Yield what schedule.json and timeline.jsonl say otherwise than experiment.yaml; no more than some."""
    try:
        schedule = Schedule.read(folder.schedule)
    except BadEvidence:
        return  # the judge says so
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
    try:
        events = read_timeline(folder.timeline, may_be_cut=True)
    except BadEvidence:
        return  # the judge says so
    seeded = next((event.created for event in events if isinstance(event, Seeded)), {})
    if what := seeded_otherwise(text, seeded):
        yield f"{folder.timeline.name}: {what}"
