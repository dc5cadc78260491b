"""Faults on components that commands of a cluster file reach; what of that is sabotaged is found out."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from commanding import kubedrill
from json_lines import read_lines
from operated import come_up, commands, definition, pid_of, program, wait_for

from kubedrill.faults import watched
from kubedrill.faults.etcd import EtcdKill
from kubedrill.faults.fault import Fault
from kubedrill.faults.kube_scheduler import SchedulerKill, SchedulerPause
from kubedrill.faults.lifecycle import inject, undo
from kubedrill.faults.limited import described
from kubedrill.faults.possible import lacking
from kubedrill.faults.progress import FaultFailed
from kubedrill.process.child import Child
from kubedrill.process.environment import hand_on_operators
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger

NAME = "kube-scheduler-a"
IN_A = {"zone": "a"}


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Path]:
    with program(tmp_path / NAME) as folder:
        yield folder


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path, "first")


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has a cluster of its own; who plays the faults here is watched by nobody."""
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(watched._watch, "by_drill", True)


def given(at: Path, folder: RunFolder, **others: Any) -> ClusterRecord:
    """Let the run's cluster have these commands for the program."""
    record = come_up(definition({NAME: commands(at, **others)}, "a"))
    record.write(folder.cluster)
    return record


def open_faults(folder: RunFolder) -> list[str]:
    return [entry.name for entry in Ledger(folder.ledger).open_entries()]


@pytest.mark.parametrize("verb", ["kill", "stop", "pause"])
def test_it_takes_effect_lasts_and_is_undone(at: Path, folder: RunFolder, verb: str) -> None:
    given(at, folder)
    before = pid_of(at)
    told = inject(f"kube-scheduler.{verb}", IN_A, str(folder.path))
    assert told["targets"] == [NAME]
    done = {"kill": "killed", "stop": "stopped", "pause": "paused"}[verb]
    assert told["proof"].startswith(f"{NAME} is {done} (")
    assert open_faults(folder) == [f"kube-scheduler.{verb}"]
    undone = undo(f"kube-scheduler.{verb}", str(folder.path))
    assert undone["proof"].startswith(f"{NAME} runs (pid {pid_of(at)}) (")
    assert (pid_of(at) == before) is (verb == "pause")
    assert open_faults(folder) == []
    events = {line["event"]: line for line in read_lines(folder.faults)}
    words = f"{done} {NAME} (pid {before}) by the commands of the cluster's file"
    assert events["injected"]["proof"] == words
    assert all(line["shows"] == [] for line in read_lines(folder.faults)), "nobody else sees it"


def test_the_ledger_says_what_was_done_and_not_by_which_commands(
    at: Path, folder: RunFolder
) -> None:
    record = given(at, folder)
    inject("kube-scheduler.kill", IN_A, str(folder.path))
    text = folder.ledger.read_text()
    assert record.commands in text
    assert "operated_program" not in text
    undo("kube-scheduler.kill", str(folder.path))


def test_one_that_is_undone_by_other_commands_says_so(
    at: Path, folder: RunFolder, caplog: pytest.LogCaptureFixture
) -> None:
    given(at, folder)
    inject("kube-scheduler.kill", IN_A, str(folder.path))
    given(at, folder, takes="20s")
    undo("kube-scheduler.kill", str(folder.path))
    assert "the commands of cluster operated have changed since it was injected" in caplog.text


@pytest.mark.parametrize("kind", [SchedulerKill, SchedulerPause])
def test_a_command_without_effect_is_found_out(
    at: Path, folder: RunFolder, monkeypatch: pytest.MonkeyPatch, kind: type[Fault]
) -> None:
    monkeypatch.setattr(kind, "effect_s", 1.0)
    given(at, folder, **{kind.verb: ["true"]})
    with pytest.raises(FaultFailed, match=f"{NAME} was running again"):
        inject(kind.name, IN_A, str(folder.path))
    assert open_faults(folder) == [kind.name]
    with pytest.raises(FaultFailed, match="it did not last"):
        undo(kind.name, str(folder.path))
    assert open_faults(folder) == []


def test_a_command_that_fails_says_why_and_is_undone(at: Path, folder: RunFolder) -> None:
    given(at, folder, kill=[sys.executable, "-c", "raise SystemExit('no route to cp-1')"])
    with pytest.raises(FaultFailed, match=f"{NAME}: kill: .*: no route to cp-1"):
        inject("kube-scheduler.kill", IN_A, str(folder.path))
    undo("kube-scheduler.kill", str(folder.path))
    assert open_faults(folder) == []


def test_one_that_hangs_is_ended(at: Path, folder: RunFolder) -> None:
    given(at, folder, kill=["sleep", "600"], takes="1s")
    with pytest.raises(
        FaultFailed, match=f"{NAME}: kill: sleep took longer than 1 s, and was killed"
    ):
        inject("kube-scheduler.kill", IN_A, str(folder.path))
    undo("kube-scheduler.kill", str(folder.path))


def test_one_that_comes_back_before_its_undo_is_found_out(at: Path, folder: RunFolder) -> None:
    given(at, folder)
    inject("kube-scheduler.kill", IN_A, str(folder.path))
    (at / "held").unlink()
    wait_for(lambda: any(line["event"] == "lapsed" for line in read_lines(folder.faults)))
    with pytest.raises(FaultFailed, match=f"{NAME} was running again .* it did not last"):
        undo("kube-scheduler.kill", str(folder.path))
    assert open_faults(folder) == [], "it is undone nevertheless"


def test_a_proof_that_tells_nothing_any_more_proves_nothing(
    at: Path, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SchedulerKill, "effect_s", 1.0)
    proof = [sys.executable, "-I", "-c", _PROOF_UNTIL_HELD.format(at=str(at))]
    given(at, folder, proof=proof)
    with pytest.raises(FaultFailed, match=r"its proof does not tell: .* status 255"):
        inject("kube-scheduler.kill", IN_A, str(folder.path))


_PROOF_UNTIL_HELD = """
import pathlib, sys
at = pathlib.Path("{at}")
if (at / "held").exists():
    sys.exit(255)
print((at / "pid").read_text())
"""


def test_one_that_runs_and_is_not_well_is_not_undone_yet(
    at: Path, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SchedulerKill, "return_s", 2.0)
    given(at, folder)
    inject("kube-scheduler.kill", IN_A, str(folder.path))
    (at / "unwell").touch()
    with pytest.raises(FaultFailed, match=f"{NAME} is not well: .*: it is told to be unwell"):
        undo("kube-scheduler.kill", str(folder.path))
    assert open_faults(folder) == ["kube-scheduler.kill"]
    (at / "unwell").unlink()
    undo("kube-scheduler.kill", str(folder.path))
    assert open_faults(folder) == []


@pytest.mark.parametrize("start", [["true"], ["false"], ["no-such-program"]])
def test_what_does_not_come_back_is_left_over_and_can_be_tried_again(
    at: Path, folder: RunFolder, monkeypatch: pytest.MonkeyPatch, start: list[str]
) -> None:
    monkeypatch.setattr(SchedulerKill, "return_s", 2.0)
    given(at, folder, start=start)
    inject("kube-scheduler.kill", IN_A, str(folder.path))
    with pytest.raises(FaultFailed, match="after 2 s"):
        undo("kube-scheduler.kill", str(folder.path))
    assert open_faults(folder) == ["kube-scheduler.kill"]
    given(at, folder)
    undo("kube-scheduler.kill", str(folder.path))
    assert open_faults(folder) == []
    assert psutil.pid_exists(pid_of(at))


def test_what_the_file_does_not_give_is_refused_and_it_is_said_what_to_add(
    at: Path, folder: RunFolder
) -> None:
    given(at, folder, stop=None, pause=None)
    wanted = f"components.{NAME} in its file has no"
    with pytest.raises(FaultFailed, match=f"holding kube-scheduler .*{wanted} stop"):
        inject("kube-scheduler.stop", IN_A, str(folder.path))
    with pytest.raises(FaultFailed, match=f"pausing kube-scheduler .*{wanted} pause"):
        inject("kube-scheduler.pause", IN_A, str(folder.path))
    with pytest.raises(FaultFailed, match=r"holding etcd .*under components in its file"):
        inject("etcd.kill", {"member": "a"}, str(folder.path))
    assert open_faults(folder) == []


def test_a_leader_that_nobody_can_tell_is_refused(at: Path, tmp_path: Path) -> None:
    parts = {NAME: commands(at), "etcd-a": commands(at)}
    there = described(come_up(definition(parts, "a")))
    etcd, led = EtcdKill(member="leader"), SchedulerKill(zone="leader")
    assert lacking(etcd, there) == ""
    assert "nobody can tell which etcd leads" in etcd.refuse(there)
    assert f"give components.{NAME} its node" in led.refuse(there)
    assert EtcdKill(member="a").refuse(there) == SchedulerKill(zone="random").refuse(there) == ""
    parts[NAME] |= {"node": "cp-1"}
    assert led.refuse(described(come_up(definition(parts, "a")))) == ""


def test_heal_finds_it_in_the_ledger_and_undoes_it(
    at: Path, folder: RunFolder, tmp_path: Path
) -> None:
    given(at, folder)
    inject("kube-scheduler.pause", IN_A, str(folder.path))
    done = kubedrill("heal", "--reports", tmp_path, KUBEDRILL_STATE=str(tmp_path / "state"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "undone: kube-scheduler.pause" in done.stdout
    assert open_faults(folder) == []
    assert psutil.Process(pid_of(at)).status() != psutil.STATUS_STOPPED
    assert undo("kube-scheduler.pause", str(folder.path))["undone"].startswith("already")


PLAY = """
import os, signal, sys
from kubedrill.faults.lifecycle import inject
inject("kube-scheduler.kill", {"zone": "a"}, sys.argv[1])
print("ready", flush=True)
sys.stdin.read()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_whoever_is_killed_is_cleaned_up_after_as_its_operator(
    at: Path, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watchdog sees nothing of the operator's environment, but the commands that it runs do."""
    monkeypatch.setenv("AGENT", str(at / "held"))
    undoing = "import os; os.unlink(os.environ['AGENT'])"
    given(at, folder, start=[sys.executable, "-I", "-c", undoing])
    child = Child.start(
        "faults",
        [sys.executable, "-c", PLAY, str(folder.path)],
        folder.logs / "faults.log",
        hand_on_operators(),
    )
    child.wait_ready(60)
    assert (at / "held").exists()
    child.end()
    wait_for(lambda: open_faults(folder) == [])
    assert child.wait(60) == -9
    assert not (at / "held").exists()
    wait_for((at / "pid").exists)
    assert "ran " in (folder.logs / "watchdog.log").read_text()
