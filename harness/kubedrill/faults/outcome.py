"""Faults: read Chaos Toolkit's journal, activity by activity; its `status` fails open."""

from collections.abc import Iterator
from http.client import BAD_REQUEST
from typing import Any

Journal = dict[str, Any]
Run = dict[str, Any]
"""One activity that was played, as the journal has it."""


def failures(journal: Journal) -> list[str]:
    """Return a line for each activity that did not succeed."""
    return [
        f"{run['activity']['name']}: {why}"
        for run in _runs(journal)
        if (why := failure(run)) is not None
    ]


def failure(run: Run) -> str | None:
    """Return why an activity failed; None if it did not.

    For Chaos Toolkit any exit of a program, and any answer of a server, is a success.
    """
    if run["status"] != "succeeded":
        return f"{run['status']}: {_cause(run)}"
    output = run["output"]
    match run["activity"]["provider"]["type"]:
        case "process" if output["status"] != 0:
            return f"exit code {output['status']}: {_line(output['stderr'] or output['stdout'])}"
        case "http" if output["status"] >= BAD_REQUEST:
            return f"the answer was {output['status']}: {_line(str(output['body']))}"
    return None


def _line(said: str) -> str:
    return " ".join(said.split())[:500] or "(nothing)"


def _runs(journal: Journal) -> Iterator[Run]:
    yield from journal["run"]
    yield from journal["rollbacks"]


def _cause(run: Run) -> str:
    lines = run.get("exception") or [str(run.get("output", "no cause given"))]
    return str(lines[-1]).strip()
