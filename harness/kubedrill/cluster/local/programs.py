"""What the supervisor runs: a program each, and the process of it as it is now."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubedrill.clock import MILLISECOND, SECOND, now
from kubedrill.cluster.local.files import Files
from kubedrill.record.components import ComponentState, State
from kubedrill.record.files import write_json

if TYPE_CHECKING:
    import subprocess

Request = dict[str, Any]
Reply = Callable[[dict[str, Any]], None]

MARK = "KUBEDRILL_CLUSTER"
"""Environment variable of the supervisor and all it starts: the cluster's folder. `down` finds by it
what a supervisor that died could not tell of."""

_FIRST_DELAY = 50 * MILLISECOND
_LONGEST_DELAY = 2 * SECOND
_SETTLED = 10 * SECOND
"""A process that ran this long has started well: its next restart is quick again."""


class Refused(Exception):  # noqa: N818 - an answer, not an accident
    """The request cannot be done; the message says why."""


@dataclass(frozen=True, slots=True)
class Program:
    """One supervised process. Its log is `logs/NAME.log` in the cluster's folder."""

    name: str
    command: tuple[str, ...]
    """Without its flags."""
    flags: tuple[str, ...] = ()
    """Its own: `--NAME=VALUE` each."""
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
class Supervised:
    """One process as it is now."""

    program: Program
    state: State = "stopped"
    since: int = field(default_factory=now)
    restarts: int = 0
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    asked_by: str | None = None
    """Who asked for its end; None if nobody did."""
    quick_exits: int = 0
    due: int | None = None
    """When a process in backoff starts again, or one that is held or paused on a lease; monotonic ns."""
    lease: int | None = None
    """Until when it will be held, once it has exited."""
    again: str = ""
    """By whom it is started as soon as it has exited, though its end was asked for; "": by nobody."""
    stops: int = 0
    """How often it was stopped where it is, since it is paused."""
    waiting: list[Reply] = field(default_factory=list)
    """Whom to tell when it has exited."""
    awaited: list[Callable[[int], None]] = field(default_factory=list)
    """Whom to tell the pid with which it starts again."""

    def become(self, state: State) -> None:
        """Change the state, now."""
        self.state = state
        self.since = now()

    def ended(self, *, asked: bool) -> None:
        """Say what becomes of it, now that it has exited: held if that was asked for, else started anew."""
        if asked:
            self.due = self.lease
            self.become("held")
            return
        self.quick_exits = self.quick_exits + 1 if now() - self.since < _SETTLED else 0
        self.due = now() + min(_LONGEST_DELAY, _FIRST_DELAY << min(self.quick_exits, 10))
        self.become("backoff")

    def named(self) -> tuple[str, int | None]:
        """Return its name, and its pid if it runs."""
        return self.program.name, self.process.pid if self.process else None

    def renice(self, pid: int) -> None:
        """Give its process its priority."""
        if self.program.nice == 0:
            return
        try:
            os.setpriority(os.PRIO_PROCESS, pid, self.program.nice)
        except PermissionError:
            pass  # a better priority is for root; the drill measures how late everybody was

    def facts(self) -> ComponentState:
        """Return its entry in components.json."""
        return ComponentState(
            pid=self.process.pid if self.process else None,
            started=self.started if self.process else None,
            state=self.state,
            since=self.since,
            restarts=self.restarts,
        )


def halts(pid: int) -> Iterator[int]:
    """Yield what came to pass since the last look: CLD_STOPPED, CLD_CONTINUED."""
    kinds = os.WSTOPPED | os.WCONTINUED | os.WNOHANG
    try:
        while found := os.waitid(os.P_PID, pid, kinds):
            yield found.si_code
    except ChildProcessError:
        return  # it has ended, and will be reaped
