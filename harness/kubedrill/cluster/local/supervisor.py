"""Keeps the cluster's processes running, and down those that a fault holds down.

The supervisor library was weighed: to keep a killed process down it must be stopped with SIGSTOP,
unregistered, then killed, and when the library itself is killed its children live on. Both are what
drills are about, hence these few lines of our own.
"""

import json
import os
import selectors
import signal
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from kubedrill.clock import MILLISECOND, SECOND, now
from kubedrill.cluster.local.files import Components, Files
from kubedrill.record.components import ComponentState, Exited, Started, State
from kubedrill.record.files import write_json
from kubedrill.record.lines import JsonLines, write_typed

Reply = Callable[[dict[str, Any]], None]

_FIRST_DELAY = 50 * MILLISECOND
_LONGEST_DELAY = 2 * SECOND
_SETTLED = 10 * SECOND
"""A process that ran this long has started well: its next restart is quick again."""


MARK = "KUBEDRILL_CLUSTER"
"""Environment variable of the supervisor and all it starts: the cluster's folder. `down` finds by it
what a supervisor that died could not tell of."""


@dataclass(frozen=True, slots=True)
class Program:
    """One supervised process. Its log is `logs/NAME.log` in the cluster's folder."""

    name: str
    command: tuple[str, ...]
    nice: int = 0


def write_programs(folder: Path, programs: list[Program]) -> None:
    """Write the supervisor's list."""
    write_json(Files(folder).programs, [asdict(program) for program in programs], mode=0o600)


def read_programs(folder: Path) -> list[Program]:
    """Read the supervisor's list."""
    raw = json.loads(Files(folder).programs.read_text(encoding="utf-8"))
    return [Program(**{**listed, "command": tuple(listed["command"])}) for listed in raw]


class Refused(Exception):  # noqa: N818 - an answer, not an accident
    """The request cannot be done; the message says why."""


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
    waiting: list[Reply] = field(default_factory=list)
    """Whom to tell when it has exited."""

    def become(self, state: State) -> None:
        """Change the state, now."""
        self.state = state
        self.since = now()

    def facts(self) -> ComponentState:
        """Return its entry in components.json."""
        return ComponentState(
            pid=self.process.pid if self.process else None,
            started=self.started if self.process else None,
            state=self.state,
            since=self.since,
            restarts=self.restarts,
        )


class Supervisor:
    """All processes of one cluster. Single-threaded: they die with the thread that started them."""

    def __init__(
        self, folder: Path, programs: list[Program], selector: selectors.BaseSelector
    ) -> None:
        self._files = Files(folder)
        self._selector = selector
        self._all = {program.name: Supervised(program) for program in programs}
        self._exits = JsonLines(self._files.exits)
        self._changed = True

    def answer(self, request: dict[str, Any], reply: Reply) -> None:
        """Do what a request asks and reply, at once or when the process has exited."""
        try:
            match request["do"]:
                case "components":
                    reply(self._facts().model_dump())
                case "release":
                    pids = [self._release(name, request["by"]) for name in request["components"]]
                    reply({"pids": pids})
                case "hold":
                    self._hold(self._find(request["component"]), request, reply)
                case "pause":
                    reply({"pid": self._pause(request["component"], request["until"])})
                case "proceed":
                    reply({"pid": self._proceed(self._find(request["component"]))})
                case unknown:
                    reply({"error": f"the supervisor cannot {unknown}"})
        except Refused as refusal:
            reply({"error": str(refusal)})

    def wait_s(self) -> float | None:
        """Return for how long nothing needs to start; None if nothing is due at all."""
        due = [supervised.due for supervised in self._all.values() if supervised.due is not None]
        return max(0.0, (min(due) - now()) / SECOND) if due else None

    def start_due(self) -> None:
        """Start, or let go on, whatever waited long enough."""
        for supervised in self._all.values():
            if supervised.due is None or supervised.due > now():
                continue
            if supervised.state == "paused":
                self._proceed(supervised)
            elif supervised.state == "held":
                self._start(supervised, "lease")
            else:
                supervised.restarts += 1
                self._start(supervised, "restart")

    def save(self) -> None:
        """Write components.json if anything changed."""
        if self._changed:
            self._changed = False
            write_typed(self._files.components, self._facts())

    def _facts(self) -> Components:
        return Components(
            components={name: supervised.facts() for name, supervised in self._all.items()}
        )

    def _find(self, name: str) -> Supervised:
        if name not in self._all:
            raise Refused(f"there is no component {name}; there are {', '.join(self._all)}")
        return self._all[name]

    def _running(self, supervised: Supervised) -> "subprocess.Popen[bytes]":
        if supervised.process is None:
            raise Refused(f"{supervised.program.name} is not running, it is {supervised.state}")
        return supervised.process

    def _release(self, name: str, by: str) -> int:
        supervised = self._find(name)
        if supervised.process is None:
            self._start(supervised, by)
        return self._running(supervised).pid

    def _hold(self, supervised: Supervised, request: dict[str, Any], reply: Reply) -> None:
        process = self._running(supervised)
        expected = request["expect_pid"]
        if expected not in {None, process.pid}:
            raise Refused(
                f"{supervised.program.name} has pid {process.pid}, not {expected}: replaced"
            )
        supervised.asked_by = request["by"]
        supervised.lease = request["until"]
        supervised.waiting.append(reply)
        process.kill()

    def _pause(self, name: str, until: int | None) -> int:
        supervised = self._find(name)
        process = self._running(supervised)
        process.send_signal(signal.SIGSTOP)
        supervised.due = until
        supervised.become("paused")
        self._changed = True
        return process.pid

    def _proceed(self, supervised: Supervised) -> int:
        process = self._running(supervised)
        if supervised.state == "paused":
            process.send_signal(signal.SIGCONT)
            supervised.due = None
            supervised.become("running")
            self._changed = True
        return process.pid

    def _start(self, supervised: Supervised, by: str) -> None:
        with self._files.log(supervised.program.name).open("ab") as file:
            process = subprocess.Popen(
                supervised.program.command, stdin=subprocess.DEVNULL, stdout=file, stderr=file
            )
        supervised.process, supervised.due = process, None
        supervised.started = psutil.Process(process.pid).create_time()
        supervised.become("running")
        _renice(process.pid, supervised.program.nice)
        self._selector.register(
            os.pidfd_open(process.pid), selectors.EVENT_READ, self._exited(supervised)
        )
        self._note(Started(time=now(), component=supervised.program.name, pid=process.pid, by=by))

    def _exited(self, supervised: Supervised) -> Callable[[int], None]:
        def reap(pidfd: int) -> None:
            self._selector.unregister(pidfd)
            os.close(pidfd)
            process, asked_by = self._running(supervised), supervised.asked_by
            status = process.wait()
            supervised.process = supervised.asked_by = None
            self._decide(supervised, asked_by is not None)
            self._note(
                Exited(
                    time=now(),
                    component=supervised.program.name,
                    pid=process.pid,
                    status=status,
                    asked=asked_by is not None,
                    by=asked_by or "itself",
                )
            )
            for reply in supervised.waiting:
                reply({"pid": process.pid})
            supervised.waiting.clear()

        return reap

    @staticmethod
    def _decide(supervised: Supervised, asked: bool) -> None:
        if asked:
            supervised.due = supervised.lease
            supervised.become("held")
            return
        supervised.quick_exits = (
            supervised.quick_exits + 1 if now() - supervised.since < _SETTLED else 0
        )
        supervised.due = now() + min(
            _LONGEST_DELAY, _FIRST_DELAY << min(supervised.quick_exits, 10)
        )
        supervised.become("backoff")

    def _note(self, line: Started | Exited) -> None:
        self._exits.add(line)
        self._changed = True


def _renice(pid: int, nice: int) -> None:
    if nice == 0:
        return
    try:
        os.setpriority(os.PRIO_PROCESS, pid, nice)
    except PermissionError:
        pass  # a better priority is for root; the drill measures how late everybody was
