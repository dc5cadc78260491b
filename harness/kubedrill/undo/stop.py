"""`kubedrill stop`: end a drill that runs, in order, from another terminal or as another user."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from kubedrill.cluster.state import state_folder
from kubedrill.errors import NotStarted
from kubedrill.process.child import wait_for_end
from kubedrill.process.identity import start_of
from kubedrill.record.ledger import Entry, Ledger
from kubedrill.record.lines import BadEvidence
from kubedrill.record.stopping import StopRequest, leave, withdraw
from kubedrill.record.verdict import Report
from kubedrill.undo.clearing import longest_s
from kubedrill.undo.registry import BROKEN, cluster_of
from kubedrill.undo.running import Watched, watched

Say = Callable[[str], None]

JUDGING_S = 120.0
"""After all is undone, a drill is judged and its report is written: some seconds on an idle machine."""


def stop(name: str, request: StopRequest, say: Say) -> bool:
    """End the drill on a cluster and wait for its end; return whether all that it broke is undone.

    NotStarted if no drill runs there, or if it is not ours to end.
    """
    drill = _running_on(name)
    with suppress(psutil.NoSuchProcess):
        runner = psutil.Process(drill.runner)
        _ask(name, drill, runner, request)
        say(f"{drill.folder.path}: asked to stop (pid {drill.runner})")
        _tell_what_is_undone(drill, runner, say)
    return _tell_the_end(drill, say)


def _running_on(name: str) -> Watched:
    """Return the drill that runs on a cluster of the state folder that is given, or ours, or anybody's."""
    given = os.environ.get("KUBEDRILL_STATE")
    found = {drill: state for drill, known, state in _drills() if known == name}
    here = Path(given).absolute() if given else state_folder()
    ours = [drill for drill, state in found.items() if state == here]
    drills = ours if given else ours or [*found]
    if not drills:
        raise NotStarted(_nothing_to_stop(name))
    if len(drills) > 1:
        runs = ", ".join(str(drill.folder.path) for drill in drills)
        raise NotStarted(
            f"several drills run on clusters {name}: {runs}; say by KUBEDRILL_STATE which"
        )
    return drills[0]


def _nothing_to_stop(name: str) -> str:
    closed = [drill for drill in watched() if not os.access(drill.folder.path, os.R_OK | os.X_OK)]
    if not closed:
        return f"no drill runs on a cluster {name}, so there is nothing to stop"
    whose = ", ".join(_whose(drill) for drill in closed)
    return (
        f"no drill that you may look into runs on a cluster {name}; drills of others run here: {whose}; "
        "whether one of them is meant is for them to see: ask as that user, or as root"
    )


def _whose(drill: Watched) -> str:
    try:
        return f"{drill.watchdog.username()}'s (pid {drill.runner})"
    except psutil.NoSuchProcess:
        return f"one that has just ended (pid {drill.runner})"


def _drills() -> Iterator[tuple[Watched, str, Path]]:
    """Yield the drills that run, each with its cluster's name and state folder."""
    for drill in watched():
        # One that has just begun has no cluster yet; one of another user may be closed to us.
        with suppress(BadEvidence, OSError, psutil.NoSuchProcess):
            if drill.runs():
                yield drill, *cluster_of(drill.folder)


def _ask(cluster: str, drill: Watched, runner: psutil.Process, request: StopRequest) -> None:
    """Say who asks and why, and send the signal that ends a drill in order."""
    try:
        leave(drill.folder, request)
        os.kill(runner.pid, signal.SIGTERM)
    except PermissionError:
        with suppress(OSError):
            withdraw(drill.folder)
        raise NotStarted(
            f"{drill.folder.path}: the drill is {runner.username()}'s, and goes on; only that user and "
            f"root may stop it: sudo kubedrill stop {cluster}"
        ) from None


def _tell_what_is_undone(drill: Watched, runner: psutil.Process, say: Say) -> None:
    """Wait for the drill's end, and say meanwhile which of the faults in force are undone.

    That of a run without a drill is its watchdog's: whatever becomes of its runner, it undoes what is left.
    """
    ledger = Ledger(drill.folder.ledger)
    left = {entry.id: entry.name for entry in _broken(ledger)}
    until = time.monotonic() + longest_s(ledger) + JUDGING_S
    last = drill.watchdog if drill.alone else runner
    started, ended = start_of(last.pid), False
    while not ended and time.monotonic() < until:
        ended = wait_for_end(last.pid, started, 0.2)
        still = {entry.id for entry in _broken(ledger)}
        for entry_id in [entry_id for entry_id in left if entry_id not in still]:
            say(f"  undone: {left.pop(entry_id)}")


def _goes_on(drill: Watched) -> bool:
    with suppress(psutil.NoSuchProcess):
        # Who plays it need not have noticed.
        ended = drill.watchdog.status() == psutil.STATUS_ZOMBIE
        return drill.watchdog.is_running() and not ended and drill.runs()
    return False


def _broken(ledger: Ledger) -> list[Entry]:
    entries = ledger.open_entries() if ledger.path.exists() else []
    return [entry for entry in entries if entry.what in BROKEN]


def _tell_the_end(drill: Watched, say: Say) -> bool:
    folder = drill.folder
    if not folder.path.exists():
        say("it had not begun, and has left nothing")
        return True
    if _goes_on(drill):
        say(f"{folder.path}: still runs; see {folder.logs}")
        return False
    left = ", ".join(entry.name for entry in Ledger(folder.ledger).open_entries())
    if left:
        say(f"{folder.path}: not undone: {left}; run: kubedrill heal")
    try:
        report = Report.read(folder.verdict)
    except (OSError, ValueError):
        say(f"{folder.path}: has ended")  # what Chaos Toolkit plays by itself has no verdict
    else:
        say(f"{folder.path}: {report.verdict}: {next(iter(report.reasons), '')}")
    return not left
