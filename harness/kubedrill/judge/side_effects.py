"""Judge: whether the ledger tells of what a drill began, and that nothing of it was left unsaid."""

from collections.abc import Iterator, Sequence

from kubedrill.judge.evidence import Evidence
from kubedrill.record.ledger import Entry, Ledger
from kubedrill.record.surrounding import needs_auditor
from kubedrill.record.timeline import NotUndone

_OBSERVERS = ("prober", "scraper")
"""The processes that every drill has, besides those of its loads."""
_AUDITOR = ("auditor",)
"""And where an objective asks for what it finds."""
_PLAN = ("plan",)
"""And where there is an emergency plan."""


def untold(evidence: Evidence) -> Iterator[str]:
    """Yield what the ledger of a drill that came to its end does not tell of, in words.

    Of a drill that was ended early, not all need have begun.
    """
    file = evidence.folder.ledger
    entries = Ledger(file).entries()
    names = [*_processes(evidence, entries), *_faults(evidence, entries)]
    if names:
        yield f"{file.name}: does not tell of {', '.join(names)}, which the drill began"
    if any(isinstance(event, NotUndone) for event in evidence.events):
        return
    for entry in entries:
        if not entry.undone and not entry.stays:
            yield f"{file.name}: {entry.name} was not undone, and timeline.jsonl does not say so"


def _processes(evidence: Evidence, entries: Sequence[Entry]) -> Iterator[str]:
    begun = {entry.name for entry in entries if entry.what == "process"}
    loads = (role for load in evidence.schedule.loads for role in load.roles)
    asked = (objective.text for objective in evidence.schedule.objectives)
    auditor = _AUDITOR if needs_auditor(asked) else ()
    plan = _PLAN if evidence.schedule.plan else ()
    names = (*loads, *_OBSERVERS, *auditor, *plan)
    yield from (role for role in names if role not in begun)


def _faults(evidence: Evidence, entries: Sequence[Entry]) -> Iterator[str]:
    """Yield the faults that told of their injection; what has no undo has no entry."""
    entered = {entry.index for entry in entries if entry.what in ("fault", "activity")}
    for index, fault in enumerate(evidence.faults):
        injected = fault.scheduled.can_be_undone and "injected" in fault.events
        if injected and index not in entered:
            yield fault.name
