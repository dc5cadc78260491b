"""What is done to components of somebody else's by commands of the cluster's file, and how they are then.

Nobody of ours stands beside them: what is done stays until somebody takes it back. That is who did it, the
drill's watchdog, or `heal`.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kubedrill.clock import now
from kubedrill.cluster.adopted.components import GivenCommands, part_named
from kubedrill.cluster.adopted.marks import CommandMark, Marks, end_command
from kubedrill.cluster.adopted.running import run
from kubedrill.cluster.adopted.sighting import Sightings, ToldProcess
from kubedrill.cluster.handle import HandleError
from kubedrill.cluster.holds import AGAIN, Does, asks_about, takes_back
from kubedrill.process.running import log
from kubedrill.record.components import ComponentState, RunState

WAITS_S = 2.0
"""Besides what a command may take: for another process that runs one for the same component."""


class Operated:
    """The components of a cluster that there are commands for, as somebody who acts for an owner has them."""

    def __init__(self, commands: GivenCommands, folder: Path, owner: str) -> None:
        self._commands = commands
        self._owner = owner
        self._marks = Marks(folder)
        self._seen = Sightings(commands)
        self._failed: dict[str, tuple[int, HandleError]] = {}

    def states(self) -> Mapping[str, Callable[[], ComponentState]]:
        """Return by component what tells its state; HandleError if its proof does not."""
        return {name: partial(self._state, name) for name in self._commands}

    def unwell(self, name: str) -> str:
        """Return why a component is not well; "" if it is, or its file has no command that says so."""
        return self._seen.unwell(name)

    def in_force(self) -> tuple[str, ...]:
        """Return what is done for the owner, or for anybody if it is nobody."""
        marks = ((name, self._left(name)) for name in self._commands)
        return tuple(
            f"{name} is {mark.does}"
            for name, mark in marks
            if mark and asks_about(self._owner, mark.owner)
        )

    def take_out(self, name: str, deed: str, does: Does, expect_pid: int | None) -> int:
        """Run what takes a component out; return the pid that it had. HandleError as of Holding."""
        with self._changing(name, deed):
            mark = self._marks.read(name)
            if mark:
                raise HandleError(
                    f"{name} is {mark.does} by another fault; commands do one thing at a time"
                )
            pid = self._expected(name, expect_pid)
            mark = CommandMark(owner=self._owner, does=does, since=now())
            self._marks.write(name, mark)
            self._run(name, deed, pid, partial(self._marks.note_command, name, mark))
            return pid

    def restart(self, name: str, expect_pid: int | None) -> int:
        """Run what restarts it; return the pid that it had."""
        with self._changing(name, "restart"):
            pid = self._expected(name, expect_pid)
            self._run(name, "restart", pid)
            return pid

    def take_back(self, name: str, undo: str) -> int | None:
        """Run what takes it back, also where nobody here knows that anything was done; return its pid.

        None where it is another owner's, or it does not run. HandleError if it fails: to be tried again.
        """
        with self._changing(name):
            mark = self._marks.read(name)
            if mark and not takes_back(self._owner, mark.owner):
                return None
            if mark:
                end_command(mark)
            self._try(name, undo)
            if mark:
                self._marks.note_taken_back(name, mark)
            self._left(name)
        process = self._seen.recent(name)
        return process.pid if process else None

    def _left(self, name: str) -> CommandMark | None:
        """Return what is done to a component: nothing more, once it was taken back and that shows."""
        mark = self._marks.read(name)
        if not mark or not mark.taken_back:
            return mark
        process = self._seen.recent(name)
        if process is None or (mark.does == "paused" and process.is_paused):
            return mark
        self._marks.remove(name)
        return None

    def _try(self, name: str, undo: str) -> None:
        """Run an undo, but not again at once where it has just failed."""
        at, error = self._failed.get(name, (0, None))
        if error and at > now() - AGAIN:
            raise error
        pid = None
        if any("{pid}" in word for word in self._words(name, undo)):
            process = self._seen.ask(name)
            if process is None:
                return  # nothing is left that could be told to go on
            pid = process.pid
        try:
            self._run(name, undo, pid)
        except HandleError as failed:
            self._failed[name] = now(), failed
            raise

    def _run(
        self,
        name: str,
        command: str,
        pid: int | None,
        begun: Callable[[int], None] = lambda _: None,
    ) -> None:
        words = self._words(name, command, pid)
        if not words:
            return  # after a restart nothing is to be taken back, and nothing is given for it
        ended = run(words, self._commands[name].takes, begun)
        self._seen.forget(name)
        log(ended)
        if why := ended.why_failed():
            raise HandleError(f"{name}: {command}: {why}")

    def _words(self, name: str, command: str, pid: int | None = None) -> tuple[str, ...]:
        part = part_named(name)
        return self._commands[name].words(command, (part and part.zone) or "", pid)

    def _changing(self, name: str, deed: str = "") -> AbstractContextManager[None]:
        """Be alone in running commands for a component; HandleError if it, or its deed, is not given."""
        if name not in self._commands:
            raise HandleError(f"the cluster's file has no commands for {name}")
        if deed and deed not in self._commands[name].given():
            raise HandleError(f"components.{name} in the cluster's file has no {deed}")
        return self._marks.changing(name, self._commands[name].takes + WAITS_S)

    def _expected(self, name: str, expect_pid: int | None) -> int:
        """Return the pid that it has; HandleError if it does not run, or has another one."""
        process = self._seen.ask(name)
        if process is None:
            raise HandleError(f"{name} does not run")
        if expect_pid not in {None, process.pid}:
            raise HandleError(f"{name} has pid {process.pid}, not {expect_pid}")
        return process.pid

    def _state(self, name: str) -> ComponentState:
        process, mark = self._seen.recent(name), self._marks.read(name)
        state = _run_state(process, mark)
        held = mark and (mark.does == "held down" or process)
        return ComponentState(
            pid=process.pid if process else None,
            started=None,
            state=state,
            since=mark.since if mark else now(),
            restarts=0,
            holds={mark.owner: mark.since} if mark and held else {},
        )


def _run_state(process: ToldProcess | None, mark: CommandMark | None) -> RunState:
    if process is None:
        return "held" if mark and mark.does == "held down" else "stopped"
    return "paused" if process.is_paused else "running"


@dataclass(frozen=True, slots=True)
class HeldByCommands:
    """Ends components and keeps them down."""

    operated: Operated
    of: tuple[str, ...]
    lacks: Mapping[str, str]

    def hold(self, target: str, *, expect_pid: int | None = None, until: int | None = None) -> int:  # noqa: ARG002
        """See Holding; nobody lets it go by itself."""
        return self.operated.take_out(target, "kill", "held down", expect_pid)

    def stop(self, target: str, *, expect_pid: int | None = None, until: int | None = None) -> int:  # noqa: ARG002
        """See Holding."""
        return self.operated.take_out(target, "stop", "held down", expect_pid)

    def restart(
        self,
        target: str,
        *,
        expect_pid: int | None = None,
        until: int | None = None,  # noqa: ARG002
    ) -> int:
        """See Holding."""
        return self.operated.restart(target, expect_pid)

    def release(self, target: str) -> int | None:
        """See Holding."""
        return self.operated.take_back(target, "start")


@dataclass(frozen=True, slots=True)
class PausedByCommands:
    """Stops components where they are."""

    operated: Operated
    of: tuple[str, ...]
    lacks: Mapping[str, str]

    def pause(self, target: str, *, expect_pid: int | None = None, until: int | None = None) -> int:  # noqa: ARG002
        """See Pausing; nobody lets it go on by itself."""
        return self.operated.take_out(target, "pause", "paused", expect_pid)

    def proceed(self, target: str) -> int | None:
        """See Pausing."""
        return self.operated.take_back(target, "proceed")
