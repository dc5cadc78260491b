"""What commands do to a real program with a supervisor, and what the handle then tells of it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from operated import come_up, commands, definition, program, wait_for

from kubedrill.cluster.adopted import up
from kubedrill.cluster.adopted.handle import DONE, AdoptedHandle
from kubedrill.cluster.adopted.marks import CommandMark, Marks, end_command
from kubedrill.cluster.adopted.offering import not_ready
from kubedrill.cluster.adopted.operating import Operated
from kubedrill.cluster.adopted.sighting import GOOD_FOR, RUNS_FOR
from kubedrill.cluster.handle import Absent, HandleError, description, present
from kubedrill.errors import NotStarted
from kubedrill.process.child import is_running
from kubedrill.process.identity import start_of
from kubedrill.record.catalogue import Need
from kubedrill.record.cluster import Component, Endpoint
from kubedrill.record.components import ComponentState

NAME = "kube-scheduler-a"


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Path]:
    with program(tmp_path / NAME) as folder:
        yield folder


class Operating:
    """What an owner does to the program, with the commands that a file gives."""

    def __init__(self, at: Path, owner: str = "", **others: Any) -> None:
        file = definition({NAME: commands(at, **others)}, "a")
        self.operated = Operated(file.components, at / "marks", owner)
        self.at = at

    def state(self) -> ComponentState:
        """Return how it is just now: asked anew."""
        self.operated._seen.forget(NAME)
        return self.operated.states()[NAME]()

    def becomes(self, state: str) -> ComponentState:
        """Wait until it is in a state."""
        wait_for(lambda: self.state().state == state)
        return self.state()


def test_what_is_killed_stays_down_until_it_is_released(at: Path) -> None:
    mine = Operating(at, "f1")
    before = mine.state()
    assert (before.state, before.holds) == ("running", {})
    assert mine.operated.take_out(NAME, "kill", "held down", before.pid) == before.pid
    held = mine.becomes("held")
    assert held.pid is None
    assert held.holds.keys() == {"f1"}
    assert mine.operated.in_force() == (f"{NAME} is held down",)
    assert mine.state().holds == held.holds, "the same hold, without a break"
    mine.operated.take_back(NAME, "start")
    after = mine.becomes("running")
    assert after.pid != before.pid
    assert after.holds == {}
    assert mine.operated.in_force() == ()


def test_what_is_paused_stands_still_until_it_may_proceed(at: Path) -> None:
    mine = Operating(at, "f1", proceed=["kill", "-CONT", "{pid}"])
    pid = mine.operated.take_out(NAME, "pause", "paused", None)
    paused = mine.becomes("paused")
    assert (paused.pid, paused.holds.keys()) == (pid, {"f1"})
    assert mine.operated.take_back(NAME, "proceed") == pid
    assert mine.becomes("running").pid == pid
    wait_for(lambda: not mine.operated.in_force())


def test_one_that_somebody_else_has_paused_is_paused_and_held_for_nobody(at: Path) -> None:
    mine = Operating(at, "f1")
    subprocess.run(["kill", "-STOP", str(mine.state().pid)], check=True)
    assert mine.becomes("paused").holds == {}


def test_what_is_stopped_stays_down_and_what_is_restarted_does_not(at: Path) -> None:
    mine = Operating(at, "f1")
    first = mine.operated.take_out(NAME, "stop", "held down", None)
    mine.becomes("held")
    mine.operated.take_back(NAME, "start")
    second = mine.becomes("running").pid
    assert mine.operated.restart(NAME, second) == second
    wait_for(lambda: mine.state().pid not in {None, second})
    assert mine.operated.in_force() == ()
    assert first != second


def test_only_the_process_that_was_looked_at_is_hit(at: Path) -> None:
    mine = Operating(at, "f1")
    pid = mine.state().pid
    with pytest.raises(HandleError, match=f"{NAME} has pid {pid}, not 1"):
        mine.operated.take_out(NAME, "kill", "held down", 1)
    with pytest.raises(HandleError, match=f"{NAME} has pid {pid}, not 1"):
        mine.operated.restart(NAME, 1)
    assert mine.state().pid == pid
    assert mine.operated.in_force() == ()


def test_what_does_not_run_is_not_broken(at: Path) -> None:
    mine, other = Operating(at, "f1"), Operating(at, "f2")
    mine.operated.take_out(NAME, "kill", "held down", None)
    mine.becomes("held")
    Marks(at / "marks").remove(NAME)
    assert mine.state().state == "stopped"
    with pytest.raises(HandleError, match=f"{NAME} does not run"):
        other.operated.take_out(NAME, "kill", "held down", None)


def test_what_another_has_done_is_neither_done_again_nor_taken_back(at: Path) -> None:
    mine, other, nobody = Operating(at, "f1"), Operating(at, "f2"), Operating(at)
    mine.operated.take_out(NAME, "pause", "paused", None)
    with pytest.raises(HandleError, match="is paused by another fault; commands do one thing at"):
        other.operated.take_out(NAME, "kill", "held down", None)
    assert other.operated.take_back(NAME, "start") is None
    assert other.operated.in_force() == ()
    assert nobody.operated.in_force() == (f"{NAME} is paused",)
    assert mine.becomes("paused").holds.keys() == {"f1"}
    nobody.operated.take_back(NAME, "proceed")
    mine.becomes("running")
    assert mine.operated.in_force() == ()


def test_another_machine_takes_it_back_though_it_knows_nothing_of_it(at: Path) -> None:
    Operating(at, "f1").operated.take_out(NAME, "kill", "held down", None)
    there = Operating(at, "f1")
    there.operated._marks = Marks(at / "other machine")
    assert there.operated.in_force() == ()
    there.operated.take_back(NAME, "start")
    there.becomes("running")


def test_what_fails_is_told_and_stays_in_force(at: Path) -> None:
    code = "import sys; sys.exit('no route to cp-1')"
    mine = Operating(at, "f1", kill=[sys.executable, "-c", code])
    with pytest.raises(HandleError, match=f"{NAME}: kill: .* status 1: no route to cp-1"):
        mine.operated.take_out(NAME, "kill", "held down", None)
    assert mine.operated.in_force() == (f"{NAME} is held down",), "who knows what it has done"
    mine.operated.take_back(NAME, "start")
    assert mine.operated.in_force() == ()


def test_an_undo_that_fails_is_tried_again_but_not_all_the_time(at: Path) -> None:
    tries = at / "tries"
    code = f"open({str(tries)!r}, 'a').write('x'); raise SystemExit(1)"
    mine = Operating(at, "f1", start=[sys.executable, "-c", code])
    mine.operated.take_out(NAME, "kill", "held down", None)
    for _ in range(10):
        with pytest.raises(HandleError, match=f"{NAME}: start: .* status 1"):
            mine.operated.take_back(NAME, "start")
    assert len(tries.read_text()) < 10
    assert mine.operated.in_force() == (f"{NAME} is held down",)
    wait_for(lambda: _fails_again(mine, tries))


def _fails_again(mine: Operating, tries: Path) -> bool:
    before = tries.read_text()
    with pytest.raises(HandleError):
        mine.operated.take_back(NAME, "start")
    return tries.read_text() != before


def test_an_undo_without_effect_leaves_it_in_force(at: Path) -> None:
    mine = Operating(at, "f1", start=["true"])
    mine.operated.take_out(NAME, "kill", "held down", None)
    mine.operated.take_back(NAME, "start")
    assert mine.operated.in_force() == (f"{NAME} is held down",)
    (at / "held").unlink()
    mine.becomes("running")
    assert mine.operated.in_force() == ()


def test_a_full_disk_keeps_nothing_in_force(at: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    mine = Operating(at, "f1")
    mine.operated.take_out(NAME, "kill", "held down", None)
    monkeypatch.setattr(Marks, "write", full)
    mine.operated.take_back(NAME, "start")
    assert mine.operated.in_force() == ()
    mine.becomes("running")


def test_a_proof_that_does_not_tell_is_no_state(at: Path) -> None:
    mine = Operating(at, "f1", proof=["false", "x"])
    assert mine.state().state == "stopped"
    lying = Operating(at, "f1", proof=["sh", "-c", "exit 255"])
    with pytest.raises(HandleError, match=f"{NAME}: its proof does not tell: sh ended with st"):
        lying.state()
    missing = Operating(at, "f1", proof=["no-such-program"])
    with pytest.raises(HandleError, match="no-such-program cannot be run"):
        missing.state()


@pytest.mark.parametrize(("state", "good_for"), [("S", RUNS_FOR), ("T", GOOD_FOR)])
def test_a_proof_is_asked_only_now_and_then(at: Path, state: str, good_for: int) -> None:
    asked = at / "asked"
    code = f"open({str(asked)!r}, 'a').write('x'); print(12, {state!r})"
    mine = Operating(at, "f1", proof=[sys.executable, "-I", "-c", code])
    begun = time.monotonic_ns()
    for _ in range(20):
        mine.operated.states()[NAME]()
    assert len(asked.read_text()) <= 1 + (time.monotonic_ns() - begun) // good_for


def test_a_command_whose_runner_was_killed_is_ended_before_it_is_taken_back(at: Path) -> None:
    mine = Operating(at, "f1")
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as late:
        mark = CommandMark(owner="f1", does="held down", since=1)
        marks = Marks(at / "marks")
        with marks.changing(NAME, 60):
            marks.write(NAME, mark)
            marks.note_command(NAME, mark, late.pid)
        assert is_running(late.pid, start_of(late.pid))
        mine.operated.take_back(NAME, "start")
        assert late.wait(60) == -9
    end_command(mark)  # of which nobody knows the process: nothing is killed


def test_two_do_not_run_commands_for_a_component_at_once(at: Path) -> None:
    marks = Marks(at / "marks")
    with (
        marks.changing(NAME, 60),
        pytest.raises(HandleError, match="another process runs a command for it"),
        marks.changing(NAME, 0.2),
    ):
        pytest.fail("both are at it")


def test_only_what_the_file_gives_is_there(at: Path) -> None:
    mine = Operating(at, "f1")
    with pytest.raises(HandleError, match="the cluster's file has no commands for etcd-a"):
        mine.operated.take_back("etcd-a", "start")
    file = definition({NAME: commands(at, "proof", "restart")}, "a")
    little = Operated(file.components, at / "marks", "f1")
    with pytest.raises(HandleError, match=f"components.{NAME} in the cluster's file has no kill"):
        little.take_out(NAME, "kill", "held down", None)
    assert little.take_back(NAME, "start") == mine.state().pid, "what is not given is not needed"


def offers(**components: dict[str, Any]) -> AdoptedHandle:
    named = {name.replace("_", "-"): given for name, given in components.items()}
    return AdoptedHandle(commands=definition(named, "a", "b").components)


def test_what_each_component_of_a_kind_has_is_offered_and_for_all_else_it_is_said_what_to_add(
    at: Path,
) -> None:
    whole = commands(at)
    part = commands(at, "proof", "kill", "start")
    handle = offers(etcd_a=whole, etcd_b=part, kube_apiserver_a=whole, kube_apiserver_b=whole)
    told = description(handle, ("a", "b"))
    assert set(told.capabilities) == {
        "holding etcd",
        "holding kube-apiserver",
        "pausing kube-apiserver",
    }
    wanted = "components.etcd-b in its file has no"
    assert told.lacks["holding etcd by stop"] == f"{wanted} stop"
    assert told.lacks["holding etcd by restart"] == f"{wanted} restart"
    assert told.lacks["pausing etcd"] == f"{wanted} pause"
    assert "holding etcd by kill" not in told.lacks
    assert told.lacks["holding kube-scheduler"].endswith(
        "in its file: components.kube-scheduler-ZONE"
    )
    assert told.lacks["holding haproxy"].endswith("in its file: components.haproxy")
    assert told.lacks["cutting"] == "its machines are out of reach"


def test_without_commands_nothing_is_offered() -> None:
    handle = AdoptedHandle()
    assert isinstance(handle.holding, Absent)
    with pytest.raises(HandleError, match="out of reach; give commands that reach them under comp"):
        present(handle.holding)


KILLED, PAUSED = (
    Need("holding", "kube-scheduler", "kill"),
    Need("pausing", "kube-scheduler", "pause"),
)


def test_what_is_needed_is_looked_at_before(at: Path) -> None:
    def why(*needs: Need, **others: Any) -> str:
        return not_ready(definition({NAME: commands(at, **others)}, "a").components, needs)

    assert why(KILLED, PAUSED) == ""
    assert why(Need("holding", "etcd", "kill"), Need("cutting", "link")) == ""
    assert why(KILLED, kill=["no-such"]).endswith("kill: there is no program no-such")
    assert why(KILLED, start=["no-such"]).endswith("start: there is no program no-such")
    assert why(KILLED, pause=["no-such"]) == "", "nobody pauses it"
    assert "says that it does not run" in why(KILLED, proof=["false"])
    assert f"components.{NAME} of the cluster's file: {NAME}: its proof does not tell: sh" in why(
        KILLED, proof=["sh", "-c", "exit 255"]
    )
    alone = [sys.executable, "-c", "print(12)"]
    assert why(KILLED, proof=alone) == ""
    assert "prints PID alone; for a pause it must print PID STATE" in why(PAUSED, proof=alone)
    unwell = why(KILLED, well=[sys.executable, "-c", "raise SystemExit('no quorum')"])
    assert unwell.endswith("status 1: no quorum; a drill begins only when it is well")
    still = [sys.executable, "-c", "print(12, 'paused')"]
    assert "says that it stands still" in why(KILLED, proof=still)


def test_a_cluster_in_which_something_is_broken_by_commands_is_not_taken_down(
    at: Path, tmp_path: Path
) -> None:
    file = definition({NAME: commands(at)}, "a")
    folder = Path(come_up(file, "not-taken-back").folder)
    Operated(file.components, folder / DONE, "f1").take_out(NAME, "pause", "paused", None)
    with pytest.raises(NotStarted, match=f"what commands have done to {NAME} was not taken back"):
        up.down(folder)
    assert (folder / "cluster.json").exists()


def test_how_components_are_is_known_though_the_api_does_not_answer(at: Path) -> None:
    file = definition({NAME: commands(at)}, "a")
    nowhere = Endpoint("127.0.0.1", 1)
    measured = Component("kube-apiserver", "kube-apiserver", None, nowhere, nowhere)
    record = replace(come_up(file, "without-api"), components=(measured,))
    states = AdoptedHandle(record, file.components).components()
    assert [*states] == ["kube-apiserver", NAME]
    assert states[NAME].state == "running"
    with pytest.raises(HandleError, match="cluster without-api has lost its tokens"):
        states["kube-apiserver"]
