"""What the supervisor runs: a program each, and the process of it as it is now."""

import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kubedrill.clock import MILLISECOND, SECOND, now
from kubedrill.cluster.files import Files
from kubedrill.cluster.holds import EVERYBODY
from kubedrill.cluster.kept import KeptComponent
from kubedrill.cluster.requests import Reply
from kubedrill.record.components import RunState
from kubedrill.record.files import write_json

if TYPE_CHECKING:
    import subprocess

_FIRST_DELAY = 50 * MILLISECOND
_LONGEST_DELAY = 2 * SECOND
_SETTLED = 10 * SECOND
"""A process that ran this long has started well: its next restart is quick again."""


@dataclass(frozen=True, slots=True)
class Program:
    """One supervised process. Its log is `logs/NAME.log` in the cluster's folder."""

    name: str
    command: tuple[str, ...]
    """Without its flags."""
    flags: tuple[str, ...] = ()
    """Its own: `--NAME=VALUE` each."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Beside what the supervisor's own environment is."""
    nice: int = 0


def write_programs(folder: Path, programs: list[Program]) -> None:
    """Write the supervisor's list."""
    write_json(Files(folder).programs, [asdict(program) for program in programs], mode=0o600)


def read_programs(folder: Path) -> list[Program]:
    """Read the supervisor's list."""
    raw = json.loads(Files(folder).programs.read_text(encoding="utf-8"))
    lists = ("command", "flags")
    return [Program(**listed | {key: tuple(listed[key]) for key in lists}) for listed in raw]


@dataclass(slots=True)
class Supervised(KeptComponent):
    """One process as it is now."""

    program: Program = field(kw_only=True)
    process: "subprocess.Popen[bytes] | None" = None
    quick_exits: int = 0
    stops: int = 0
    """How often it was stopped where it is, since it is paused."""
    waiting: list[Reply] = field(default_factory=list)
    """Whom to tell when it has exited."""
    awaited: list[Callable[[int | None], None]] = field(default_factory=list)
    """Whom to tell the pid with which it starts again."""

    @classmethod
    def of(cls, program: Program) -> "Supervised":
        """Return the one that runs a program."""
        return cls(program.name, program=program)

    @property
    def pid(self) -> int | None:
        """Its process."""
        return self.process.pid if self.process else None

    def ended(self, *, asked: bool) -> None:
        """Say what becomes of it, now that it has exited: held if that was asked for, else started anew."""
        if self.holds.are("held down"):
            self.due = None
            self.become("held")
            return
        if not asked:
            self.holds.let_go(
                EVERYBODY, "paused"
            )  # nobody wanted the one that starts to stand still
        self.quick_exits = self.quick_exits + 1 if now() - self.since < _SETTLED else 0
        self.try_again()

    def try_again(self) -> None:
        """Let it be started later: the longer, the more often it has exited at once."""
        self.due = now() + min(_LONGEST_DELAY, _FIRST_DELAY << min(self.quick_exits, 10))
        self.become("backoff")

    def renice(self, pid: int) -> None:
        """Give its process its priority."""
        if self.program.nice == 0:
            return
        try:
            os.setpriority(os.PRIO_PROCESS, pid, self.program.nice)
        except PermissionError:
            pass  # a better priority is for root; the drill measures how late everybody was

    def hurry(self, by: str) -> None:
        """End what takes its time to do so: it is to run again."""
        assert self.process is not None
        self.again, self.due = by, None
        self.process.kill()

    def halt(self, process: "subprocess.Popen[bytes]") -> None:
        """Stop its process where it is."""
        for _ in halts(process.pid):
            pass  # of an earlier pause
        process.send_signal(signal.SIGSTOP)
        self.stops = 0
        self.become("paused")

    def proceed(self, owner: str) -> int | None:
        """Let it go on, unless it stands still for another owner too; return its pid, None if it has none."""
        is_free = self.holds.let_go(owner, "paused")
        if is_free and self.process and self.state == "paused":
            self.process.send_signal(signal.SIGCONT)
            self.become("running")
        return self.pid

    def look_at_pause(self) -> bool:
        """Find out whether it was let go on by somebody else, if only for a moment."""
        if self.state != "paused" or self.process is None:
            return False
        now_is: RunState = self.state
        found = False
        for halt in halts(self.process.pid):
            self.stops += halt == os.CLD_STOPPED
            if halt == os.CLD_CONTINUED or self.stops > 1:
                now_is, found = "paused" if halt == os.CLD_STOPPED else "running", True
                self.become(now_is)
                self.holds.begin_again("paused")
        if now_is == "running":
            self.holds.let_go(EVERYBODY, "paused")
        return found


def halts(pid: int) -> Iterator[int]:
    """Yield what came to pass since the last look: CLD_STOPPED, CLD_CONTINUED."""
    kinds = os.WSTOPPED | os.WCONTINUED | os.WNOHANG
    try:
        while found := os.waitid(os.P_PID, pid, kinds):
            yield found.si_code
    except ChildProcessError:
        return  # it has ended, and will be reaped
