"""The faults process, as the runner starts it, with an experiment that a test has written."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from abandoned import welcome

from kubedrill.clock import SECOND, ClockPair, now
from kubedrill.process.child import Child
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Phase, Schedule, ScheduledFault

SHARED = str(Path(__file__).parent)
_PATHS = [SHARED, os.environ.get("PYTHONPATH", "")]
WITH_SHARED = {"PYTHONPATH": os.pathsep.join(path for path in _PATHS if path)}
"""Environment of a process that finds the tests' own modules too."""


def player(
    folder: RunFolder,
    method: list[Any],
    rollbacks: list[Any],
    faults: int = 1,
    undo_s: float = 60.0,
) -> Child:
    """Start the player, give GO, and return it; the drill begins a quarter of a second later.

    `undo_s` after that each of so many faults is to be undone.
    """
    experiment = {
        "version": "1.0.0",
        "title": "t",
        "description": "d",
        "runtime": {"rollbacks": {"strategy": "always"}},
        "method": method,
        "rollbacks": rollbacks,
    }
    folder.chaos_experiment.write_text(json.dumps(experiment))
    command = [sys.executable, "-m", "kubedrill.faults", "--run", str(folder.path)]
    private = welcome(folder).private(folder.run)
    log = folder.logs / "faults.log"
    child = Child.start("faults", command, log, WITH_SHARED, private=private)
    child.wait_ready(60)
    begin = now() + SECOND // 4
    over = begin + round(undo_s * SECOND)
    arguments = {"activity": {"name": "break"}}
    schedule = Schedule(
        experiment="e",
        run=folder.run,
        title="t",
        why="w",
        claim=None,
        cluster="c",
        clock=ClockPair.read(),
        phases=(Phase("fault", begin, begin + 60 * SECOND),),
        faults=tuple(
            ScheduledFault("activity", arguments, "fault", begin, over) for _ in range(faults)
        ),
    )
    schedule.write(folder.schedule)
    child.go({"schedule": schedule.as_dict()})
    return child
