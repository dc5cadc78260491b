"""Who asked a drill to stop, and why: left in its folder beside the signal, and taken into its timeline."""

from pathlib import Path

from kubedrill.clock import now
from kubedrill.record.files import write_whole
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence, Line, read_whole
from kubedrill.record.timeline import DrillInterrupted


class StopRequest(Line):
    """Who, and why."""

    by: str
    why: str


def leave(folder: RunFolder, request: StopRequest) -> None:
    """Put a request into a run's folder, whole or not at all; OSError if that may not be written."""
    write_whole(_file(folder), request.model_dump_json() + "\n")


def withdraw(folder: RunFolder) -> None:
    """Take a request back."""
    _file(folder).unlink(missing_ok=True)


def is_asked(folder: RunFolder) -> bool:
    """Whether a request was left that the drill has not taken yet."""
    return _file(folder).exists()


def take(folder: RunFolder) -> StopRequest | None:
    """Return the request that was left, and remove it: it is no evidence; None if there is none."""
    try:
        found = read_whole(_file(folder), StopRequest)
    except BadEvidence:
        found = None
    withdraw(folder)
    return found


def interrupted(folder: RunFolder, signal: str) -> DrillInterrupted:
    """Return how a drill ends for a signal; by whom and why, if that was left."""
    asked = take(folder)
    return DrillInterrupted(time=now(), signal=signal, **(asked.model_dump() if asked else {}))


def _file(folder: RunFolder) -> Path:
    return folder.path / "stop.json"
