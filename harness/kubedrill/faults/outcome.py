"""Faults: read Chaos Toolkit's journal, activity by activity; its `status` fails open."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from kubedrill.faults.progress import Progress
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Schedule

Journal = dict[str, Any]


def failures(journal: Journal) -> list[str]:
    """Return a line for each activity that did not succeed."""
    return [
        f"{run['activity']['name']}: {run['status']}: {_cause(run)}"
        for run in _runs(journal)
        if run["status"] != "succeeded"
    ]


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
        if run["status"] != "succeeded":
            progress.say("failed", _cause(run), time=ended)
            continue
        proof = "Chaos Toolkit says that the activity succeeded; nothing else was looked at"
        progress.say(after, proof, time=ended)
        if edge == "inject":
            progress.say("took-effect", proof, time=ended)


def _runs(journal: Journal) -> Iterator[dict[str, Any]]:
    yield from journal["run"]
    yield from journal["rollbacks"]


def _cause(run: dict[str, Any]) -> str:
    lines = run.get("exception") or [str(run.get("output", "no cause given"))]
    return str(lines[-1]).strip()


def _monotonic(date: str, schedule: Schedule) -> int:
    wall = datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp()
    return round(wall * 1e9) - schedule.clock.wall + schedule.clock.monotonic
