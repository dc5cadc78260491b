"""Faults: activities of other extensions: their intent in the ledger, and their rollback from it.

`python -m kubedrill.faults.native` plays the rollback that it reads from stdin, in a process of its own:
so relative paths and modules are found where the drill was started, whoever undoes it.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from kubedrill.faults.outcome import Run, failure
from kubedrill.faults.progress import GRACE, FaultFailed, deadline, folder_of
from kubedrill.record.clock import SECOND
from kubedrill.record.ledger import Ledger

Activity = dict[str, Any]

UNDO = ("kubedrill.faults.native", "roll_back")


def before_activity_control(context: Activity, run: str, index: int, rollback: Activity) -> None:
    """Put the intent on disk before an activity is played; if that fails, it is not played."""
    folder = folder_of(run)
    arguments = {"rollback": rollback, "place": str(Path.cwd())}
    try:
        Ledger(folder.ledger).intend(
            "activity", context["name"], UNDO, arguments, deadline(folder, index)
        )
    except Exception as error:
        from chaoslib.exceptions import InterruptExecution

        # Whatever else is raised here, chaoslib would swallow it and play the activity all the same.
        raise InterruptExecution(f"{folder.ledger}: {error}") from error


def after_activity_control(context: Activity, run: str, state: Run | None) -> None:
    """Note that a rollback has succeeded."""
    ledger = Ledger(folder_of(run).ledger)
    if state is None or failure(state) is not None:
        return
    for entry in ledger.open_entries():
        if entry.what == "activity" and entry.arguments["rollback"]["name"] == context["name"]:
            ledger.undone(entry.id)


def roll_back(rollback: Activity, place: str) -> None:
    """Play the rollback of an activity in the folder `place`; FaultFailed if it does not succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "kubedrill.faults.native"],
        input=json.dumps(rollback),
        capture_output=True,
        text=True,
        cwd=place,
        timeout=GRACE / SECOND,
        check=False,
    )
    if done.returncode != 0:
        raise FaultFailed(f"{rollback['name']}: {(done.stderr.splitlines() or ['no cause'])[-1]}")


def main() -> int:
    """Play the activity on stdin; return 0 only if it succeeded, with the cause on stderr."""
    from chaoslib.activity import execute_activity

    played = execute_activity({}, json.load(sys.stdin), {}, {}, dry=None)  # type: ignore[arg-type]
    why = failure(played)
    if why is not None:
        print(why, file=sys.stderr)
    return 0 if why is None else 1


if __name__ == "__main__":
    sys.exit(main())
