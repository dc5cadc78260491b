"""Faults: who watches over a run that no drill plays, such as that of anybody's own Chaos Toolkit file.

A watchdog like a drill's: it holds the cluster's lock, so that no drill breaks the same cluster meanwhile,
`stop` and `heal` find the run by it, and when this process ends, it undoes what is left. It comes before the
first injection, and goes when nothing is left to be undone.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from kubedrill.cluster.provider import provider_named
from kubedrill.errors import NotStarted
from kubedrill.process.child import Child, ChildFailed
from kubedrill.process.environment import hand_on_operators
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.stopping import withdraw

READY_S = 30.0
"""It is ready within 1 s on an idle core."""

END_S = 30.0
"""A watchdog with nothing left to undo only ends."""


class _Watch:
    """What this process knows of who watches over its runs."""

    def __init__(self) -> None:
        self.by_drill = False
        self.known: set[RunFolder] = set()
        """Runs that this process has begun to play."""
        self.watchdogs: dict[RunFolder, Child] = {}
        self.kept: set[RunFolder] = set()
        """Those that are watched until they are ended, whatever is open."""
        self.changing = threading.RLock()


_watch = _Watch()


def drill_watches() -> None:
    """Note that a drill plays what this process plays: its runner has seen to all that."""
    _watch.by_drill = True


def watch(folder: RunFolder, keep: bool = False) -> str:
    """Have a run watched that no drill plays, if it is not yet; return why that cannot be, or "".

    `keep`: until `end`, and not only as long as something of it is to be undone.
    """
    with _watch.changing:
        watchdog = _watch.watchdogs.get(folder)
        if _watch.by_drill or (watchdog and watchdog.poll() is None):
            return ""
        if folder not in _watch.known:
            withdraw(folder)  # it was meant for who played the same folder before
        _watch.known.add(folder)
        try:
            _watch.watchdogs[folder] = _started(folder)
        except (NotStarted, ChildFailed, OSError) as error:
            return f"not injected: {error}"
        if keep:
            _watch.kept.add(folder)
        return ""


def let_go(folder: RunFolder) -> None:
    """End the watch over a run if nothing of it is left to be undone, and so give the cluster back."""
    with _watch.changing:
        if folder not in _watch.watchdogs or folder in _watch.kept:
            return
        with suppress(OSError):  # where nobody knows what is left, it stays watched
            if not Ledger(folder.ledger).open_entries():
                end(folder)


@contextmanager
def letting_go(folder: RunFolder) -> Iterator[None]:
    """Let go of a run after this block, whatever becomes of it."""
    try:
        yield
    finally:
        let_go(folder)


def end(folder: RunFolder, limit_s: float = END_S) -> None:
    """End the watch over a run: what is left is undone now, for so long at most as one waits for it."""
    with _watch.changing:
        _watch.kept.discard(folder)
        if watchdog := _watch.watchdogs.pop(folder, None):
            watchdog.end()
            watchdog.wait(limit_s)


def _started(folder: RunFolder) -> Child:
    """Start the watchdog of a run; NotStarted in its words if the cluster is another's."""
    record = ClusterRecord.read(folder.cluster)
    Ledger(folder.ledger).begin()
    folder.logs.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "kubedrill.undo.watchdog", "--run", str(folder.path)]
    watchdog = Child.start(
        "watchdog",
        [*command, "--runner", str(os.getpid())],
        folder.logs / "watchdog.log",
        {"KUBEDRILL_STATE": str(record.state), **(hand_on_operators() if record.scripted else {})},
        private=record.private(folder.run),
        engine=provider_named(record.provider).engine,
    )
    try:
        watchdog.wait_ready(READY_S)
    except BaseException:
        watchdog.kill()
        raise
    return watchdog
