"""Who executes an emergency plan, as a process of a drill whose fault the test plays."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from commanding import kubedrill
from judged_drill import JudgedDrill

from kubedrill.children import command_of
from kubedrill.clock import SECOND, now
from kubedrill.emergency import RUN
from kubedrill.process.child import Child
from kubedrill.process.environment import hand_on_operators
from kubedrill.record.emergency import PlanLine, ScheduledStep
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.lines import read_sound_lines
from kubedrill.record.schedule import Phase, Schedule, ScheduledFault
from kubedrill.undo.clearing import undo_all

LONG = 60.0
Play = Callable[..., "Playing"]


class Playing:
    """A plan that is being executed."""

    def __init__(self, folder: RunFolder, child: Child, schedule: Schedule) -> None:
        self.folder, self.child, self.schedule = folder, child, schedule

    def tell(self, event: str) -> None:
        """Let the fault tell an event."""
        line = {"time": now(), "event": event, "proof": "", "fault": "etcd.kill", "index": 0}
        text = json.dumps({**line, "targets": ["etcd-a"], "facts": {}})
        with self.folder.faults.open("a") as file:
            file.write(text + "\n")

    def told(self) -> list[tuple[str, str]]:
        return [(line.step, line.event) for line in self.lines()]

    def lines(self) -> list[PlanLine]:
        return [*read_sound_lines(self.folder.plan, PlanLine)]

    def wait_for(self, *told: tuple[str, str]) -> list[PlanLine]:
        wait_until(lambda: self.told()[-len(told) :] == [*told], self.told)
        return self.lines()


def wait_until(condition: Callable[[], object], told: Callable[[], object] = lambda: "") -> None:
    until = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < until, told()
        time.sleep(0.02)


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """Let a plan be executed, its fault in force already unless a test says otherwise."""
    children: list[Child] = []

    def start(*steps: ScheduledStep, seconds: float = 120.0, in_force: bool = True) -> Playing:
        folder = RunFolder.create(tmp_path / "reports", "plan")
        Ledger(folder.ledger).begin()
        begin = now()
        end = begin + round(seconds * SECOND)
        fault = ScheduledFault("etcd.kill", {"member": "leader"}, "fault", begin, end)
        schedule = replace(
            JudgedDrill().schedule(),
            phases=(Phase("fault", begin, end),),
            faults=(fault,),
            objectives=(),
            plan=steps,
        )
        schedule.write(folder.schedule)
        command = command_of("kubedrill.emergency", folder)
        child = Child.start("plan", command, folder.logs / "plan.log", hand_on_operators())
        children.append(child)
        child.wait_ready(LONG)
        playing = Playing(folder, child, schedule)
        child.go({"schedule": schedule.as_dict()})
        if in_force:
            playing.tell("took-effect")
        return playing

    yield start
    for child in children:
        if child.poll() is None:
            child.kill()
        child.wait(LONG)


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-c", code)


def test_steps_are_executed_in_order_once_the_fault_is_in_force(play: Play, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    code = f"import os; open({str(seen)!r}, 'a').write(os.environ[{RUN!r}] + chr(10))"
    first = ScheduledStep("first", LONG, command=python(code))
    last = ScheduledStep("last", LONG, command=("true",), verify=python(f"{code}; print('well')"))
    playing = play(first, last, in_force=False)
    time.sleep(0.5)
    assert playing.told() == []
    playing.tell("injected")
    playing.tell("took-effect")
    lines = playing.wait_for(("last", "begun"), ("last", "executed"), ("last", "verified"))
    assert [line.event for line in lines[:2]] == ["begun", "executed"]
    assert lines[-1].words == f"{sys.executable} says so: well"
    assert seen.read_text() == f"{playing.folder.path}\n" * 2
    assert Ledger(playing.folder.ledger).open_entries() == []
    assert playing.child.poll() is None, "it stays until the drill's end"


def test_what_verifies_is_tried_again(play: Play, tmp_path: Path) -> None:
    file = tmp_path / "promoted"
    playing = play(
        ScheduledStep("promote", LONG, command=("true",), verify=("test", "-e", str(file)))
    )
    playing.wait_for(("promote", "executed"))
    file.touch()
    playing.wait_for(("promote", "verified"))


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (ScheduledStep("s", LONG, command=python("import sys; sys.exit('no way')")), "no way"),
        (ScheduledStep("s", 1.0, command=("sleep", "600")), "took longer than 1 s, and was killed"),
        (ScheduledStep("s", 1.0, person="Call."), "nobody has confirmed it within 1s"),
        (ScheduledStep("s", LONG, command=("no-such-program",)), "cannot be run"),
        (
            ScheduledStep("s", 1.5, command=("true",), verify=("false",)),
            "it was not verified: false ended with status 1 within 1.5s",
        ),
    ],
)
def test_a_step_that_fails_ends_the_plan(play: Play, step: ScheduledStep, said: str) -> None:
    playing = play(step, ScheduledStep("after", LONG, command=("true",)))
    last = playing.wait_for(("s", "failed"))[-1]
    assert said in last.words
    time.sleep(0.5)
    assert playing.told()[-1] == ("s", "failed")


def test_a_person_confirms(play: Play) -> None:
    playing = play(ScheduledStep("call", LONG, person="Call the operator."))
    asked = playing.wait_for(("call", "begun"))[0].words
    folder = playing.folder.path
    assert asked == (
        f"Call the operator.; when it is done, within 60s: kubedrill confirm {folder} call"
    )
    assert kubedrill("confirm", folder, "cal").stderr.endswith('did you mean "call"?\n')
    said = kubedrill("confirm", folder, "call", "--note", "she knows")
    assert (said.returncode, said.stdout) == (0, "call is confirmed\n")
    done = playing.wait_for(("call", "executed"))[-1]
    assert done.words.startswith("confirmed by ")
    assert done.words.endswith(": she knows")
    again = kubedrill("confirm", folder, "call")
    assert (again.returncode, "waits for nobody just now" in again.stderr) == (3, True)
    assert not [*folder.glob("confirmed-*")]


def test_what_was_confirmed_before_it_was_asked_for_does_not_count(play: Play) -> None:
    playing = play(ScheduledStep("call", 2.0, person="Call."), in_force=False)
    left = playing.folder.path / "confirmed-call.json"
    left.write_text('{"by": "somebody"}\n')
    playing.tell("took-effect")
    assert "nobody has confirmed it" in playing.wait_for(("call", "failed"))[-1].words


def test_nothing_is_confirmed_that_nobody_takes(play: Play) -> None:
    playing = play(ScheduledStep("call", LONG, person="Call."))
    playing.wait_for(("call", "begun"))
    playing.child.kill()
    said = kubedrill("confirm", playing.folder.path, "call")
    assert (said.returncode, said.stderr) == (1, "the drill has not taken it; has it ended?\n")
    assert not [*playing.folder.path.glob("confirmed-*")]


def test_an_undo_ends_the_wait(play: Play) -> None:
    playing = play(ScheduledStep("call", LONG, person="Call."))
    playing.wait_for(("call", "begun"))
    playing.tell("undoing")
    last = playing.wait_for(("call", "failed"))[-1]
    assert last.words == "nobody has confirmed it before the fault was undone"


def test_a_fault_that_failed_is_answered_by_nothing(play: Play) -> None:
    playing = play(ScheduledStep("s", LONG, command=("true",)), in_force=False)
    playing.tell("failed")
    time.sleep(0.7)
    playing.tell("took-effect")
    time.sleep(0.7)
    assert playing.told() == []


def sleeping(playing: Playing) -> psutil.Process:
    playing.wait_for(("s", "begun"))
    entries = Ledger(playing.folder.ledger)
    wait_until(lambda: [entry for entry in entries.open_entries() if entry.process])
    [entry] = entries.open_entries()
    assert entry.process is not None
    return psutil.Process(entry.process[0])


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_when_the_drill_ends_its_command_is_killed(play: Play) -> None:
    playing = play(ScheduledStep("s", LONG, command=("sleep", "600")))
    process = sleeping(playing)
    playing.child.end()
    assert playing.child.wait(LONG) == 0
    assert is_gone(process)
    assert playing.told() == [("s", "begun")]


def test_what_a_killed_drill_leaves_of_it_is_undone(play: Play) -> None:
    playing = play(ScheduledStep("s", LONG, command=("sleep", "600")))
    process = sleeping(playing)
    os.kill(playing.child.pid, signal.SIGKILL)
    playing.child.wait(LONG)
    assert not is_gone(process)
    assert undo_all(Ledger(playing.folder.ledger)) == []
    wait_until(lambda: is_gone(process))
