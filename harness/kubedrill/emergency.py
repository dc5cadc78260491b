"""Executes the emergency plan of a drill while its first fault is in force. Writes plan.jsonl.

python -m kubedrill.emergency --run RUN

Its commands are those of whoever began the drill, and have their environment. A step that fails ends it.
"""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from kubedrill.clock import SECOND, now
from kubedrill.process.identity import start_of
from kubedrill.process.lifeline import ignore_terminal, on_end, read_go, say_ready
from kubedrill.process.running import CommandEnd, NotRun, log, run
from kubedrill.process.tail import LineTail
from kubedrill.reading.units import format_duration
from kubedrill.record import confirming
from kubedrill.record.emergency import PlanEvent, PlanLine, ScheduledStep
from kubedrill.record.faults import FaultLine
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.lines import JsonLines
from kubedrill.record.schedule import Schedule

LOOK_S = 0.2
AGAIN_S = 1.0
"""After a `verify` that has failed, it is tried again."""
RUN = "KUBEDRILL_RUN"
"""Environment variable of a step's commands: the run's folder."""
_UNDO = ("kubedrill.process.child", "kill_process")


class StepFailed(Exception):  # noqa: N818 - an event of the drill
    """A step was not executed, or not verified; says why."""


class PlanCut(Exception):  # noqa: N818 - an event of the drill
    """The drill ends: nobody expects anything of the plan any more."""


class PlanPlayer:
    """Plays the plan of one drill."""

    def __init__(self, folder: RunFolder, schedule: Schedule) -> None:
        self._folder, self._schedule = folder, schedule
        self._lines = JsonLines(folder.plan)
        self._ledger = Ledger(folder.ledger)
        self._told = LineTail(folder.faults, FaultLine)
        self._events: set[str] = set()
        """What the fault has told."""
        self._ended = threading.Event()
        self._pid: int | None = None

    def end(self) -> None:
        """Let nothing more be done: the command that runs is killed. From another thread."""
        self._ended.set()
        self._kill()

    def play(self) -> None:
        """Wait for the fault's effect, execute step by step, and stay until the drill's end."""
        with suppress(PlanCut):
            self._wait_for_effect()
            for step in self._schedule.plan:
                try:
                    self._play(step)
                except (StepFailed, NotRun) as failed:
                    self._tell(step, "failed", str(failed))
                    break
        self._ended.wait(max(self._schedule.end - now(), 0) / SECOND)

    def _wait_for_effect(self) -> None:
        while "took-effect" not in self._look():
            if now() >= self._schedule.end or "failed" in self._events:
                raise PlanCut
            self._pause(LOOK_S)

    def _play(self, step: ScheduledStep) -> None:
        until = now() + round(step.within_s * SECOND)
        confirming.withdraw(self._folder, step.name)
        self._tell(step, "begun", self._asked(step))
        done = self._confirmed(step, until) if step.person else self._executed(step, until)
        self._tell(step, "executed", done)
        if step.verify:
            self._tell(step, "verified", self._verified(step, until))

    def _asked(self, step: ScheduledStep) -> str:
        within = f"within {format_duration(step.within_s)}"
        if not step.person:
            return f"{step.does}, {within}"
        typed = f"kubedrill confirm {self._folder.path} {step.name}"
        return f"{step.person}; when it is done, {within}: {typed}"

    def _confirmed(self, step: ScheduledStep, until: int) -> str:
        """Return who has done it, in words; StepFailed if nobody says so in time."""
        while (found := confirming.take(self._folder, step.name)) is None:
            self._check(step, until, "nobody has confirmed it")
            self._pause(LOOK_S)
        return found.words

    def _executed(self, step: ScheduledStep, until: int) -> str:
        ended = self._run(step, step.command, until)
        if why := ended.why_failed():
            raise StepFailed(why)
        return f"done after {ended.seconds:.1f} s{ended.said()}"

    def _verified(self, step: ScheduledStep, until: int) -> str:
        """Return what showed that it worked; StepFailed if nothing does in time."""
        why = "it was not verified"
        while True:
            self._check(step, until, why)
            ended = self._run(step, step.verify, until)
            if not (failed := ended.why_failed()):
                break
            why = f"it was not verified: {failed}"
            self._pause(AGAIN_S)
        self._check(step, until + SECOND, why)
        return f"{step.verify[0]} says so{ended.said()}"

    def _check(self, step: ScheduledStep, until: int, why: str) -> None:
        """StepFailed if the time of a step, or the fault, is over."""
        if "undoing" in self._look():
            raise StepFailed(f"{why} before the fault was undone")
        if now() >= until:
            raise StepFailed(f"{why} within {format_duration(step.within_s)}")

    def _run(self, step: ScheduledStep, command: Sequence[str], until: int) -> CommandEnd:
        """Run a command until its time is over; whoever clears a killed drill away finds it in the ledger."""
        nobody = {"pid": None, "started": None}
        entry = self._ledger.intend("process", f"plan: {step.name}", _UNDO, nobody)
        left_s = max(until - now(), 0) / SECOND
        try:
            ended = run(command, left_s, partial(self._begun, entry), {RUN: str(self._folder.path)})
        finally:
            self._pid = None
            self._ledger.undone(entry)
        log(ended)
        if self._ended.is_set():
            raise PlanCut
        return ended

    def _begun(self, entry: str, pid: int) -> None:
        self._pid = pid
        self._ledger.learn(entry, {"pid": pid, "started": start_of(pid)})
        if self._ended.is_set():
            self._kill()

    def _kill(self) -> None:
        if pid := self._pid:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

    def _look(self) -> set[str]:
        """Return what the fault has told until now."""
        against = self._schedule.planned_against
        self._events |= {line.event for line in self._told.read() if line.index == against}
        return self._events

    def _pause(self, seconds: float) -> None:
        if self._ended.wait(seconds):
            raise PlanCut

    def _tell(self, step: ScheduledStep, event: PlanEvent, words: str) -> None:
        self._lines.add(PlanLine(time=now(), step=step.name, event=event, words=words))


def main(arguments: Sequence[str] | None = None) -> None:
    """Play the plan of the run folder given by --run."""
    parser = argparse.ArgumentParser(prog="python -m kubedrill.emergency")
    parser.add_argument("--run", required=True, type=Path, help="the run's folder")
    folder = RunFolder(parser.parse_args(arguments).run)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    ignore_terminal()
    say_ready()
    schedule = read_go()
    if schedule is not None:
        player = PlanPlayer(folder, schedule)
        on_end(player.end)
        player.play()


if __name__ == "__main__":
    main()
