"""Drills that are shot at: all of one, or who would clear up after it."""

import signal
import time
from contextlib import suppress

import psutil
from drills import MARK, RunningDrill
from ended import left_processes
from leftovers import having

from kubedrill.record.ledger import Ledger
from kubedrill.undo.running import watched


def everything_of(running: RunningDrill) -> None:
    """Kill all that a drill has started, until nothing of it runs; at once: whoever is left would undo."""
    for process, mark in having(MARK):
        if mark == running.mark:
            process.suspend()
    while running.process.poll() is None or left_processes(running):
        for process, mark in having(MARK):
            if mark == running.mark:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        time.sleep(0.1)


def is_in_ledger(running: RunningDrill, what: str) -> bool:
    """Whether a drill's ledger has an entry of that kind."""
    ledger = running.folder.ledger
    return ledger.exists() and any(entry.what == what for entry in Ledger(ledger).entries())


def shoot(running: RunningDrill) -> None:
    """Kill runner and watchdog."""
    guards = [found.watchdog for found in watched() if found.folder.path == running.folder.path]
    for victim in (psutil.Process(running.process.pid), *guards):
        victim.send_signal(signal.SIGKILL)
