"""Judge: a run whose evidence is what it was when the drill had ended; any other is INVALID."""

from collections.abc import Callable, Iterable, Sequence

from kubedrill.errors import NotStarted
from kubedrill.judge.ending import why_early
from kubedrill.judge.verdict import Other, of_files, unfounded
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence
from kubedrill.record.manifest import check
from kubedrill.record.schedule import Schedule
from kubedrill.record.verdict import Report, Verdict
from kubedrill.words import in_a_line

FolderCheck = Callable[[RunFolder, Schedule], Iterable[str]]
"""Yields what is wrong with a run's files, in words: what other stages know of them."""


def judge(
    folder: RunFolder, other: Other | None = None, checks: Sequence[FolderCheck] = ()
) -> Report:
    """Judge a run from its files alone; NotStarted if the folder is not a run's.

    By `other` objectives than the experiment's own if they are given. What `checks` find, where all of
    the files can be read, makes it INVALID.
    """
    if not folder.ledger.exists() and not folder.manifest.exists():
        raise NotStarted(f"{folder.path}: not the folder of a run: it has no {folder.ledger.name}")
    seal = check(folder)
    broken = [*seal.broken]
    if seal.readable:
        schedule = _schedule(folder)
        report = _read(folder, schedule, other)
        broken += [words for look in checks if schedule for words in look(folder, schedule)]
    else:
        report = unfounded(folder, why_early(folder))
    return report.model_copy(
        update={
            "verdict": Verdict.INVALID if broken else report.verdict,
            "reasons": [*dict.fromkeys((*broken, *report.reasons))],
            "notes": [*report.notes, *seal.notes],
            "manifest": seal.sha256,
        }
    )


def _schedule(folder: RunFolder) -> Schedule | None:
    """Return a run's schedule; None where the evidence cannot be read for it."""
    try:
        return Schedule.read(folder.schedule)
    except BadEvidence:
        return None


def _read(folder: RunFolder, schedule: Schedule | None, other: Other | None) -> Report:
    try:
        return of_files(folder, schedule, other)
    except NotStarted:
        raise  # the other objectives are none
    except BadEvidence as bad:
        wrong = bad.within(folder.path)
    except Exception as error:  # noqa: BLE001 - a verdict there must be, and it cannot be another
        wrong = f"could not be judged: {in_a_line(error)}"
    # A drill that was ended early lacks what was not begun: that it was ended is said first.
    return unfounded(folder, [*why_early(folder), wrong])
