"""Faults: the process that plays the Chaos Toolkit experiment of a drill on the drill's clock.

chaoslib is confined here, in the main thread. `until` and the control below are what the expanded
experiment names, so it also plays by itself: `chaos run`.
"""

import argparse
import json
import logging
import sys
from pathlib import Path
from typing import Any

from kubedrill.clock import SECOND, now
from kubedrill.faults.awaited import wait_for_state
from kubedrill.faults.progress import ENDED, folder_of
from kubedrill.record.folder import RunFolder

_begin: int | None = None
"""When offsets count from: the schedule's start, or the first wait of an experiment played alone."""


_came: dict[int, int] = {}
"""When the states came for which faults waited, by their position in the schedule, monotonic ns."""


def until(offset_s: float) -> None:
    """Wait until `offset_s` seconds after the drill's start, or until the drill is ended."""
    global _begin  # noqa: PLW0603 - chaoslib calls plain functions; the clock must outlive each call
    if _begin is None:
        _begin = now()
    _wait_until(_begin + round(offset_s * SECOND))


def until_state(run: str, index: int) -> dict[str, Any]:
    """Wait for the state in which a fault begins, or until it is too late for it, or the drill is ended."""
    told = wait_for_state(folder_of(run), index)
    if told and told.event == "came":
        _came[index] = told.time
    return {"told": told.words if told else "nothing"}


def until_over(index: int, for_s: float) -> None:
    """Wait until so long after the state came in which a fault began; not at all if it did not."""
    if index in _came:
        _wait_until(_came[index] + round(for_s * SECOND))


def _wait_until(time: int) -> None:
    if (left := time - now()) > 0:
        ENDED.wait(left / SECOND)


def after_activity_control(**_: Any) -> None:
    """End the method after a wait that the drill's end cut short; the rollbacks follow."""
    if ENDED.is_set():
        from chaoslib.exceptions import InterruptExecution

        raise InterruptExecution("the drill was ended")


def main() -> int:
    """Play RUN/chaos-experiment.json; return 0 only if every activity succeeded."""
    from chaoslib.experiment import run_experiment

    from kubedrill.faults.native import prepare
    from kubedrill.faults.outcome import failures
    from kubedrill.faults.watched import drill_watches
    from kubedrill.process.lifeline import ignore_terminal, on_end, read_go, say_ready

    global _begin  # noqa: PLW0603
    folder = _arguments()
    ignore_terminal()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    drill_watches()
    experiment = json.loads(folder.chaos_experiment.read_text(encoding="utf-8"))
    prepare(experiment, folder)
    say_ready()
    schedule = read_go()
    if schedule is None:
        return 0
    _begin = schedule.start
    on_end(ENDED.set)
    # Strategies in the file are honoured only if they come as settings too.
    journal = run_experiment(experiment, settings={"runtime": experiment["runtime"]})
    folder.chaos_journal.write_text(json.dumps(journal, indent=1, default=str), encoding="utf-8")
    for failure in failures(journal):
        print(failure, file=sys.stderr)
    return 1 if failures(journal) else 0


def _arguments() -> RunFolder:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True, type=Path)
    return RunFolder(parser.parse_args().run)
