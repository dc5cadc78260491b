"""What commands have done to components, and for whom: a file each in the cluster's folder.

It stands there before a command is run, and goes when what takes it back has been run: so every process of
this machine knows. Another machine does not, and has the ledger in the cluster for that.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from kubedrill.clock import SECOND, now
from kubedrill.cluster.handle import HandleError
from kubedrill.cluster.holds import Does
from kubedrill.process.child import kill_process
from kubedrill.process.identity import start_of
from kubedrill.record.lines import (
    BadEvidence,
    Count,
    Line,
    MissingEvidence,
    Time,
    read_whole,
    write_typed,
)

LOOK_S = 0.05


class CommandMark(Line):
    """What is done to a component."""

    owner: str
    """On whose behalf, as of a handle."""
    does: Does
    since: Time
    taken_back: bool = False
    """Whether what takes it back has been run: it is there until that shows."""
    pid: Count | None = None
    """Of the command that does it, as long as that may run; None before it was started."""
    started: str | None = None
    """Its start, which with the pid names it for ever."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Those of one cluster."""

    folder: Path

    def all(self) -> dict[str, Path]:
        """Return by component the file that tells what is done to it."""
        return {file.stem: file for file in sorted(self.folder.glob("*.json"))}

    def read(self, component: str) -> CommandMark | None:
        """Return what is done to a component; None if nothing is. HandleError if nobody can tell."""
        try:
            return read_whole(self._file(component), CommandMark)
        except MissingEvidence:
            return None
        except BadEvidence as error:
            raise HandleError(str(error)) from error

    def write(self, component: str, mark: CommandMark) -> None:
        """Note what is about to be done."""
        write_typed(self._file(component), mark)

    def note_command(self, component: str, mark: CommandMark, pid: int) -> None:
        """Note which process does it: who takes it back ends that first."""
        self.write(component, mark.model_copy(update={"pid": pid, "started": start_of(pid)}))

    def note_taken_back(self, component: str, mark: CommandMark) -> None:
        """Note that what takes it back has been run; a full disk keeps nothing in force."""
        try:
            self.write(component, mark.model_copy(update={"taken_back": True}))
        except OSError:
            self.remove(component)

    def remove(self, component: str) -> None:
        """Note that nothing is done to it any more."""
        self._file(component).unlink(missing_ok=True)

    @contextmanager
    def changing(self, component: str, limit_s: float) -> Iterator[None]:
        """Be alone in running commands for a component; HandleError if somebody else is at it for so long."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / f"{component}.lock").open("w") as file:
            until = now() + round(limit_s * SECOND)
            while True:
                with suppress(BlockingIOError):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                if now() > until:
                    raise HandleError(f"{component}: another process runs a command for it")
                time.sleep(LOOK_S)
            yield

    def _file(self, component: str) -> Path:
        # Dots stand in names of zones: `stem` takes the last off again.
        return self.folder / f"{component}.json"


def end_command(mark: CommandMark) -> None:
    """End the command of whoever was killed in its midst: it must not go on while it is taken back."""
    kill_process(mark.pid, mark.started)
