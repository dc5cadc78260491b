"""Which drills run on this machine, or are just being undone: found by their watchdogs."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

from kubedrill.record.folder import RunFolder


class Watched(NamedTuple):
    """A drill whose watchdog lives."""

    folder: RunFolder
    watchdog: psutil.Process
    runner: int
    """The pid of the process that plays the drill, or has."""
    alone: bool = False
    """Whether no drill plays it: then its watchdog holds the lock, undoes what is left, and ends last."""

    def runs(self) -> bool:
        """Whether its runner lives: an orphan has another parent."""
        try:
            return self.runner == self.watchdog.ppid()
        except psutil.NoSuchProcess:
            return False  # it ends after its runner


def watched() -> Iterator[Watched]:
    """Yield the drills of all users whose watchdogs live."""
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "kubedrill.undo.watchdog" in words and {"--run", "--runner"} <= {*words}:
            run, runner = (words[words.index(key) + 1] for key in ("--run", "--runner"))
            yield Watched(RunFolder(Path(run)), process, int(runner), "--lock-fd" not in words)
