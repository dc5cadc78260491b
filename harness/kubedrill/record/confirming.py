"""Who has done a person's step of the emergency plan: left in the run's folder, and taken into plan.jsonl."""

from pathlib import Path

from kubedrill.record.files import write_whole
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence, Line, read_whole


class Confirmation(Line):
    """Who, and what they say of it."""

    by: str
    note: str = ""

    @property
    def words(self) -> str:
        """Return it in words."""
        return f"confirmed by {self.by}{f': {self.note}' if self.note else ''}"


def leave(folder: RunFolder, step: str, confirmation: Confirmation) -> None:
    """Put it into a run's folder, whole or not at all; OSError if that may not be written."""
    write_whole(_file(folder, step), confirmation.model_dump_json() + "\n")


def withdraw(folder: RunFolder, step: str) -> None:
    """Take it back."""
    _file(folder, step).unlink(missing_ok=True)


def take(folder: RunFolder, step: str) -> Confirmation | None:
    """Return what was left, and remove it: `plan.jsonl` has it then; None if nothing was, or is none."""
    try:
        found = read_whole(_file(folder, step), Confirmation)
    except BadEvidence:
        return None
    withdraw(folder, step)
    return found


def _file(folder: RunFolder, step: str) -> Path:
    return folder.path / f"confirmed-{step}.json"
