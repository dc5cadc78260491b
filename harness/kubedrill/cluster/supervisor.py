"""Keeps the cluster's processes running, and down those that a fault holds down.

The supervisor library was weighed: to keep a killed process down it must be stopped with SIGSTOP,
unregistered, then killed, and when the library itself is killed its children live on. Both are what
drills are about, hence these few lines of our own.
"""

import os
import selectors
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from kubedrill.clock import MILLISECOND, SECOND, now
from kubedrill.cluster.program import Program
from kubedrill.record.components import Components, ComponentState, Exited, Started, State
from kubedrill.record.lines import JsonLines, write_typed

Reply = Callable[[dict[str, Any]], None]

_FIRST_DELAY = 50 * MILLISECOND
_LONGEST_DELAY = 2 * SECOND
_SETTLED = 10 * SECOND
"""A process that ran this long has started well: its next restart is quick again."""


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
    """When a process in backoff, or one that is held on a lease, starts again; monotonic ns."""
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
        self._folder = folder
        self._selector = selector
        self._all = {one.name: Supervised(one) for one in programs}
        self._exits = JsonLines(folder / "exits.jsonl")
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
                case "kill":
                    self._kill(self._find(request["component"]), request, reply)
                case "signal":
                    reply({"pid": self._signal(request["component"], request["signal"])})
                case unknown:
                    reply({"error": f"the supervisor cannot {unknown}"})
        except Refused as refusal:
            reply({"error": str(refusal)})

    def wait_s(self) -> float | None:
        """Return for how long nothing needs to start; None if nothing is due at all."""
        due = [one.due for one in self._all.values() if one.due is not None]
        return max(0.0, (min(due) - now()) / SECOND) if due else None

    def start_due(self) -> None:
        """Start whatever waited long enough."""
        for one in self._all.values():
            if one.due is None or one.due > now():
                continue
            if one.state == "held":
                self._start(one, "lease")
            else:
                one.restarts += 1
                self._start(one, "restart")

    def save(self) -> None:
        """Write components.json if anything changed."""
        if self._changed:
            self._changed = False
            write_typed(self._folder / "components.json", self._facts())

    def _facts(self) -> Components:
        return Components(components={name: one.facts() for name, one in self._all.items()})

    def _find(self, name: str) -> Supervised:
        if name not in self._all:
            raise Refused(f"there is no component {name}; there are {', '.join(self._all)}")
        return self._all[name]

    def _running(self, one: Supervised) -> "subprocess.Popen[bytes]":
        if one.process is None:
            raise Refused(f"{one.program.name} is not running, it is {one.state}")
        return one.process

    def _release(self, name: str, by: str) -> int:
        one = self._find(name)
        if one.process is None:
            self._start(one, by)
        return self._running(one).pid

    def _kill(self, one: Supervised, request: dict[str, Any], reply: Reply) -> None:
        process = self._running(one)
        expected = request["expect_pid"]
        if expected not in {None, process.pid}:
            raise Refused(f"{one.program.name} has pid {process.pid}, not {expected}: replaced")
        one.asked_by = request["by"]
        one.lease = request["until"]
        one.waiting.append(reply)
        process.kill()

    def _signal(self, name: str, number: int) -> int:
        process = self._running(self._find(name))
        process.send_signal(number)
        return process.pid

    def _start(self, one: Supervised, by: str) -> None:
        log = self._folder / "logs" / f"{one.program.name}.log"
        with log.open("ab") as file:
            process = subprocess.Popen(
                one.program.command, stdin=subprocess.DEVNULL, stdout=file, stderr=file
            )
        one.process, one.due = process, None
        one.started = psutil.Process(process.pid).create_time()
        one.become("running")
        _renice(process.pid, one.program.nice)
        self._selector.register(os.pidfd_open(process.pid), selectors.EVENT_READ, self._exited(one))
        self._note(Started(time=now(), component=one.program.name, pid=process.pid, by=by))

    def _exited(self, one: Supervised) -> Callable[[int], None]:
        def reap(pidfd: int) -> None:
            self._selector.unregister(pidfd)
            os.close(pidfd)
            process, asked_by = self._running(one), one.asked_by
            status = process.wait()
            one.process = one.asked_by = None
            self._decide(one, asked_by is not None)
            self._note(
                Exited(
                    time=now(),
                    component=one.program.name,
                    pid=process.pid,
                    status=status,
                    asked=asked_by is not None,
                    by=asked_by or "itself",
                )
            )
            for reply in one.waiting:
                reply({"pid": process.pid})
            one.waiting.clear()

        return reap

    @staticmethod
    def _decide(one: Supervised, asked: bool) -> None:
        if asked:
            one.due = one.lease
            one.become("held")
            return
        one.quick_exits = one.quick_exits + 1 if now() - one.since < _SETTLED else 0
        one.due = now() + min(_LONGEST_DELAY, _FIRST_DELAY << min(one.quick_exits, 10))
        one.become("backoff")

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
