"""Faults: read Chaos Toolkit's journal, activity by activity; its `status` fails open."""

from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import BAD_REQUEST
from typing import Any

from kubedrill.faults.progress import Progress
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Schedule

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


def tell_of_native_activities(journal: Journal, schedule: Schedule, folder: RunFolder) -> None:
    """Append the events of faults that are activities of other extensions: they tell none themselves."""
    for run in _runs(journal):
        edge, _, rest = run["activity"]["name"].partition(" ")
        number = rest.partition(":")[0]
        if edge not in ("inject", "undo") or schedule.faults[int(number)].name != "activity":
            continue
        fault = schedule.faults[int(number)]
        activity = fault.arguments["activity"]
        progress = Progress(folder, fault.name, int(number), str(activity.get("name", "activity")))
        begun, ended = (_monotonic(run[edge], schedule) for edge in ("start", "end"))
        before, after = ("injecting", "injected") if edge == "inject" else ("undoing", "undone")
        progress.say(before, time=begun)
        if (why := failure(run)) is not None:
            progress.say("failed", why, time=ended)
            continue
        proof = "Chaos Toolkit says that the activity succeeded; nothing else was looked at"
        progress.say(after, proof, time=ended)
        if edge == "inject":
            progress.say("took-effect", proof, time=ended)


def _runs(journal: Journal) -> Iterator[Run]:
    yield from journal["run"]
    yield from journal["rollbacks"]


def _cause(run: Run) -> str:
    lines = run.get("exception") or [str(run.get("output", "no cause given"))]
    return str(lines[-1]).strip()


def _monotonic(date: str, schedule: Schedule) -> int:
    wall = datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp()
    return round(wall * 1e9) - schedule.clock.wall + schedule.clock.monotonic
