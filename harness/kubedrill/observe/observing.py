"""Observe: what each process does that watches: it prepares itself, says ready, and watches from GO on."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from kubedrill.process.lifeline import ignore_terminal, read_go, say_ready
from kubedrill.process.priority import demote_when_busy
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Schedule

Observing = Callable[[Schedule], object]
"""Watches until the drill, or its runner, has ended."""


def observe(
    module: str, ready: Callable[[RunFolder], Observing], arguments: Sequence[str] | None
) -> None:
    """Be the process of a `module` of this package, for the run folder given by --run.

    `ready` does what must have been done before the drill begins.
    """
    parser = argparse.ArgumentParser(prog=f"python -m kubedrill.observe.{module}")
    parser.add_argument("--run", required=True, type=Path, help="the run's folder")
    folder = RunFolder(parser.parse_args(arguments).run)
    ignore_terminal()
    demote_when_busy()
    observing = ready(folder)
    say_ready()
    schedule = read_go()
    if schedule is not None:
        observing(schedule)
