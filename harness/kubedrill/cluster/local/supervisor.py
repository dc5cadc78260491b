"""Keeps the cluster's processes running, and down those that a fault holds down.

The supervisor library was weighed: to keep a killed process down it must be stopped with SIGSTOP,
unregistered, then killed, and when the library itself is killed its children live on. Both are what
drills are about, hence these few lines of our own.
"""

import os
import selectors
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from kubedrill.clock import SECOND, now
from kubedrill.cluster.files import Components, Files
from kubedrill.cluster.holds import EVERYBODY, owner_of, with_an_end
from kubedrill.cluster.kept_links import Links
from kubedrill.cluster.local import groups
from kubedrill.cluster.local.backends import Backends
from kubedrill.cluster.local.haproxy import BalancerSilent
from kubedrill.cluster.local.other_flags import GRACE, FlagChanges
from kubedrill.cluster.local.programs import Program, Supervised
from kubedrill.cluster.local.quotas import Limited, Unlimitable
from kubedrill.cluster.notes import Notes, tell
from kubedrill.cluster.requests import Reply, Request, RequestRefused
from kubedrill.cluster.wires import LinkRefused
from kubedrill.process.identity import start_of
from kubedrill.record.components import Exited, Started


class Supervisor:
    """All processes of one cluster. Single-threaded: they die with the thread that started them."""

    def __init__(
        self, folder: Path, programs: list[Program], selector: selectors.BaseSelector
    ) -> None:
        self._files = Files(folder)
        self._selector = selector
        self._all = {program.name: Supervised.of(program) for program in programs}
        self._notes = Notes(self._files)
        self._limited = Limited(groups.read(self._files.groups))
        self._backends = Backends(folder)
        self._links = Links()
        self._flags = FlagChanges()
        self._kept = (self._limited, self._backends, self._links, self._flags)
        self._changed = True

    def answer(self, request: Request, reply: Reply) -> None:
        """Do what a request asks and reply, at once or when the process has exited."""
        verb, request = request["do"], with_an_end(request)
        at_once: dict[str, Callable[[Request], dict[str, Any]]] = {
            "components": lambda _: self._components(),
            "in_force": lambda request: {"words": [*self._in_force(owner_of(request))]},
            "stop": lambda request: {"pid": self._stop(request)},
            "restart": lambda request: {"pid": self._stop(request, again=request["by"])},
            "change": lambda request: {"pid": self._change(request)},
            "restore": lambda request: self._restore(
                self._find(request["component"]), owner_of(request)
            ),
            "flags": lambda request: self._flags.told(self._find(request["component"]).program),
            "pause": lambda request: {"pid": self._pause(request)},
            "proceed": lambda request: {"pid": self._proceed(request)},
            **dict.fromkeys(("take_out", "put_back"), self._backends.answer),
            **dict.fromkeys(("limit", "lift", "strain"), self._limit),
            **dict.fromkeys(Links.DOES, self._links.answer),
        }
        later = {"hold": self._hold, "release": self._release_all}
        try:
            if verb in at_once:
                reply(at_once[verb](request))
            elif verb in later:
                later[verb](request, reply)
            else:
                reply({"error": f"the supervisor cannot {verb}"})
        except (RequestRefused, Unlimitable, BalancerSilent, LinkRefused) as refusal:
            reply({"error": str(refusal)})
        except OSError as error:  # a kernel that will not, just now, ends no cluster
            reply({"error": f"the supervisor cannot {verb}: {error}"})

    def wait_s(self) -> float | None:
        """Return for how long nothing needs to start; None if nothing is due at all."""
        due = [supervised.due for supervised in self._all.values() if supervised.due is not None]
        due += (end for supervised in self._all.values() for end in supervised.holds.due())
        for kept in (*self._kept, self._notes):
            due += kept.due()
        return max(0.0, (min(due) - now()) / SECOND) if due else None

    def do_due(self) -> None:
        """Start, let go on, or write down whatever waited long enough."""
        self._notes.write_due()
        self._limited.lift_due({name: supervised.pid for name, supervised in self._all.items()})
        self._backends.put_back_due()
        self._links.end_due()
        for name in self._flags.overdue():
            self._restore(self._all[name], by="lease")
        for supervised in self._all.values():
            for owner, does in supervised.holds.overdue():
                self._changed = True
                if does == "paused":
                    supervised.proceed(owner)
                    continue
                with suppress(RequestRefused):  # it could not be started, and will be tried again
                    self._release(supervised, owner, "lease", lambda _: None)
            if supervised.due is None or supervised.due > now():
                continue
            if supervised.state == "stopping":
                supervised.hurry(supervised.again or "lease")
            else:
                supervised.restarts += 1
                self._start(supervised, "restart")

    def save(self) -> None:
        """Write components.json if anything changed."""
        if self._changed:
            self._changed = False
            self._notes.save(self._facts())

    def _facts(self) -> Components:
        return Components(
            components={name: supervised.facts() for name, supervised in self._all.items()}
        )

    def _find(self, name: str) -> Supervised:
        if name not in self._all:
            raise RequestRefused(f"there is no component {name}; there are {', '.join(self._all)}")
        return self._all[name]

    def _running(self, supervised: Supervised) -> "subprocess.Popen[bytes]":
        if supervised.process is None:
            raise supervised.not_running()
        return supervised.process

    def _components(self) -> dict[str, Any]:
        looked = [supervised.look_at_pause() for supervised in self._all.values()]
        self._changed |= any(looked)
        return self._facts().model_dump()

    def _in_force(self, owner: str) -> Iterator[str]:
        """Yield in words what is done on behalf of an owner."""
        for name, supervised in self._all.items():
            yield from (f"{name} is {does}" for does in supervised.holds.of(owner))
        for kept in self._kept:
            yield from kept.in_force(owner)

    def _hold(self, request: Request, reply: Reply) -> None:
        supervised, process = self._to_end(request)
        supervised.holds.add(owner_of(request), "held down", request["until"])
        supervised.waiting.append(reply)
        process.kill()

    def _limit(self, request: Request) -> dict[str, Any]:
        supervised = self._find(request["component"])
        return self._limited.answer(request, supervised.name, supervised.pid)

    def _release_all(self, request: Request, reply: Reply) -> None:
        names, by = request["components"], request["by"]
        found = [self._find(name) for name in names]
        pids: dict[str, int | None] = {}

        def started(name: str, pid: int | None) -> None:
            pids[name] = pid
            if len(pids) == len(names):
                reply({"pids": [pids[name] for name in names]})

        for supervised in found:
            told = partial(started, supervised.name)
            self._release(supervised, owner_of(request), by, told)

    def _release(
        self, supervised: Supervised, owner: str, by: str, started: Callable[[int | None], None]
    ) -> None:
        self._changed = True
        if not supervised.holds.let_go(owner, "held down"):
            started(None)  # another one holds it
            return
        if supervised.process and supervised.asked_by:  # it ends
            supervised.awaited.append(started)
            supervised.hurry(by)
            return
        if supervised.process is None:
            self._start(supervised, by)
        started(self._running(supervised).pid)

    def _expected(self, request: Request) -> "tuple[Supervised, subprocess.Popen[bytes]]":
        supervised = self._find(request["component"])
        process, expected = self._running(supervised), request["expect_pid"]
        if expected not in {None, process.pid}:
            raise RequestRefused(
                f"{supervised.name} has pid {process.pid}, not {expected}: replaced"
            )
        return supervised, process

    def _to_end(self, request: Request) -> "tuple[Supervised, subprocess.Popen[bytes]]":
        """Note who wants which process to end."""
        supervised, process = self._expected(request)
        supervised.asked_by, supervised.again = request["by"], ""
        return supervised, process

    def _stop(self, request: Request, again: str = "") -> int:
        supervised, process = self._expected(request)
        if supervised.state != "running":  # one that is paused would not hear of it
            raise supervised.not_running()
        self._to_end(request)
        if again:
            supervised.again, supervised.due = again, request["until"]
        else:
            supervised.holds.add(owner_of(request), "held down", request["until"])
        supervised.become("stopping")
        self._changed = True
        process.terminate()
        return process.pid

    def _change(self, request: Request) -> int:
        program, wanted = self._find(request["component"]).program, request["flags"]
        self._flags.check(program, wanted)
        pid = self._stop({**request, "until": now() + GRACE}, again=request["by"])
        self._flags.change(program, wanted, request["until"], owner_of(request))
        return pid

    def _restore(
        self, supervised: Supervised, owner: str = EVERYBODY, by: str = "restore"
    ) -> dict[str, Any]:
        """Start it with its own flags: at once, where it does not run or stands still."""
        if not self._flags.restore(supervised.program, owner):
            return {}
        if supervised.state == "running":
            request = {"component": supervised.name, "by": by, "expect_pid": None}
            self._stop({**request, "until": now() + GRACE}, again=by)
        elif supervised.state == "backoff":
            supervised.due = now()
        elif supervised.state == "paused":
            supervised.asked_by = by
            supervised.hurry(by)
        return {}

    def _pause(self, request: Request) -> int:
        supervised, process = self._expected(request)
        supervised.look_at_pause()
        if supervised.state not in {"running", "paused"}:
            raise supervised.not_running()
        supervised.holds.add(owner_of(request), "paused", request["until"])
        if supervised.state == "running":
            supervised.halt(process)
        self._changed = True
        return process.pid

    def _proceed(self, request: Request) -> int | None:
        self._changed = True
        return self._find(request["component"]).proceed(owner_of(request))

    def _start(self, supervised: Supervised, by: str) -> None:
        program = supervised.program
        try:
            process = self._spawn(program)
        except OSError as error:  # no file, no process, no group is to be had: for now
            tell(f"{program.name}: not started, and tried again: {error}")
            supervised.try_again()
            return
        supervised.process, supervised.due = process, None
        supervised.started = start_of(process.pid)
        supervised.become("running")
        supervised.renice(process.pid)
        self._selector.register(
            os.pidfd_open(process.pid), selectors.EVENT_READ, self._exited(supervised)
        )
        self._note(Started(time=now(), component=program.name, pid=process.pid, by=by))
        if supervised.holds.are("paused"):  # for another one than who held it down
            supervised.halt(process)
        for started in supervised.awaited:
            started(process.pid)
        supervised.awaited.clear()

    def _spawn(self, program: Program) -> "subprocess.Popen[bytes]":
        command = self._limited.inside(program.name, self._flags.command(program))
        with self._files.log(program.name).open("ab") as file:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env={**os.environ, **program.environment},
            )

    def _exited(self, supervised: Supervised) -> Callable[[int], None]:
        def reap(pidfd: int) -> None:
            self._selector.unregister(pidfd)
            os.close(pidfd)
            process, asked_by = self._running(supervised), supervised.asked_by
            status = process.wait()
            supervised.process = supervised.asked_by = None
            supervised.ended(asked=asked_by is not None)
            self._note(supervised.exited(process.pid, status, asked_by))
            for reply in supervised.waiting:
                reply({"pid": process.pid})
            supervised.waiting.clear()
            again, supervised.again = supervised.again, ""
            if again and supervised.state != "held":  # another one has killed it meanwhile
                self._start(supervised, again)

        return reap

    def _note(self, line: Started | Exited) -> None:
        self._notes.add(line)
        self._changed = True
