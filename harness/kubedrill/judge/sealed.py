"""Judge: a run whose evidence is what it was when the drill had ended; any other is INVALID."""

from collections.abc import Callable, Iterable, Sequence

from kubedrill.errors import NotStarted
from kubedrill.judge.ending import read_ending, why_early
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.verdict import of_files, unfounded
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence
from kubedrill.record.manifest import check
from kubedrill.record.schedule import ScheduledObjective
from kubedrill.record.verdict import Report, Verdict
from kubedrill.words import in_a_line

Check = Callable[[RunFolder], Iterable[str]]
"""Yields what is wrong with a run's files, in words: what other stages know of them."""


def judge(
    folder: RunFolder,
    objectives: tuple[ScheduledObjective, ...] | None = None,
    by: str = "",
    checks: Sequence[Check] = (),
) -> Report:
    """Judge a run from its files alone; NotStarted if the folder is not a run's.

    By other `objectives` than the experiment's own if they are given; `by` is where they are from. What
    `checks` find, where all of the files can be read, makes it INVALID.
    """
    if not folder.ledger.exists() and not folder.manifest.exists():
        raise NotStarted(f"{folder.path}: not the folder of a run: it has no {folder.ledger.name}")
    seal = check(folder)
    report = _read(folder, objectives) if seal.readable else unfounded(folder, why_early(folder))
    found = [words for one in checks for words in one(folder)] if seal.readable else []
    broken = [*seal.broken, *found]
    notes = [f"judged by the objectives of {by}, not by the experiment's own"] if by else []
    return report.model_copy(
        update={
            "verdict": Verdict.INVALID if broken else report.verdict,
            "reasons": [*dict.fromkeys((*broken, *report.reasons))],
            "notes": [*notes, *report.notes, *seal.notes],
        }
    )


def measurable(folder: RunFolder) -> tuple[list[str], list[str]]:
    """Return the names of a run's phases, and those of its loads' series; BadEvidence if it has none."""
    evidence = Evidence.read(folder, *read_ending(folder))
    series = [name for load in evidence.loads for name in load.names]
    return [phase.name for phase in evidence.schedule.phases], series


def _read(folder: RunFolder, objectives: tuple[ScheduledObjective, ...] | None) -> Report:
    try:
        return of_files(folder, objectives)
    except BadEvidence as bad:
        wrong = bad.within(folder.path)
    except Exception as error:  # noqa: BLE001 - a verdict there must be, and it cannot be another
        wrong = f"could not be judged: {in_a_line(error)}"
    # A drill that was ended early lacks what was not begun: that it was ended is said first.
    return unfounded(folder, [*why_early(folder), wrong])
