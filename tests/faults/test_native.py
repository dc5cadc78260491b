"""Activities of other extensions stand in the ledger, and are undone whoever dies."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from abandoned import welcome
from json_lines import read_lines
from plain_faults import calls
from player import WITH_SHARED, player

from kubedrill.cluster import guest
from kubedrill.experiment.expand import expand
from kubedrill.experiment.settled import Experiment, PhaseLength, Seed, WantedFault
from kubedrill.faults.native import UNDO, dismiss, inject, roll_back
from kubedrill.faults.progress import FaultFailed
from kubedrill.process.child import Child
from kubedrill.process.environment import kubeconfig
from kubedrill.record.catalogue import Catalogue
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger, undo

KILL = ("kubedrill.process.child", "kill_process")

Play = Callable[..., Child]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))  # `nowhere` is to be in no other
    return RunFolder.create(tmp_path, "native")


@pytest.fixture
def ledger(folder: RunFolder) -> Ledger:
    return Ledger(folder.ledger)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The file that the fault makes, and its rollback removes."""
    return tmp_path / "broken"


@pytest.fixture
def play(folder: RunFolder, broken: Path, ledger: Ledger) -> Iterator[Play]:
    """Play an experiment as it is expanded; its fault lasts longer than any test."""
    children = []

    def start(undo_seconds: float = 0.0) -> Child:
        arguments = {
            "activity": action("break", "inject", path=str(broken)),
            "rollback": action("mend", "undo", path=str(broken), seconds=undo_seconds),
            "rights": [],
        }
        experiment = Experiment(
            title="t",
            why="w",
            claim=None,
            cluster="c",
            seed=Seed(),
            phases=(PhaseLength("fault", 60),),
            faults=(WantedFault("activity", arguments, "fault", 0.0, 60.0),),
        )
        chaos = expand(experiment, Catalogue(), str(folder.path))
        method, rollbacks = chaos["method"][1:], chaos["rollbacks"][:-1]
        child = player(folder, method, rollbacks)  # the cluster that would give an identity is none
        children.append(child)
        ledger.intend("process", "faults", KILL, {"pid": child.pid, "started": child.started})
        return child

    yield start
    for child in children:
        child.kill()


@pytest.fixture
def watchdog(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Child]:
    monkeypatch.setenv("KUBEDRILL_STATE", str(folder.path))
    command = [sys.executable, "-m", "kubedrill.undo.watchdog", "--run", str(folder.path)]
    log = folder.logs / "watchdog.log"
    command += ["--lock-fd", "0", "--runner", str(os.getpid())]
    child = Child.start("watchdog", command, log, WITH_SHARED)
    child.wait_ready(60)
    yield child
    child.kill()


def action(name: str, function: str, **arguments: Any) -> dict[str, Any]:
    provider = {"type": "python", "module": "plain_faults", "func": function}
    return {"type": "action", "name": name, "provider": provider | {"arguments": arguments}}


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def open_names(ledger: Ledger) -> list[str]:
    return [entry.name for entry in ledger.open_entries() if entry.what == "activity"]


def test_an_activity_is_in_the_ledger_until_its_rollback(
    play: Play, broken: Path, ledger: Ledger, folder: RunFolder
) -> None:
    child = play()
    wait_for(broken)
    assert open_names(ledger) == ["break"]
    [entry] = [entry for entry in ledger.open_entries() if entry.what == "activity"]
    assert entry.deadline is not None
    child.end()
    assert child.wait(60) == 0
    assert not broken.exists()
    assert open_names(ledger) == []
    told = [(line["event"], line["targets"][0]["name"]) for line in read_lines(folder.faults)]
    events = ("injecting", "injected", "took-effect", "undoing", "undone")
    assert told == [(event, "break") for event in events]


def test_the_death_of_the_runner_leaves_the_undo_to_the_faults_process(
    play: Play, broken: Path, ledger: Ledger, watchdog: Child
) -> None:
    child = play(undo_seconds=1.5)
    wait_for(broken)
    # What a runner that is killed leaves behind: two ends of file.
    for process in (watchdog, child):
        process.end()
    assert child.wait(60) == 0, "it was not killed in the midst of it"
    assert watchdog.wait(60) == 0
    assert not broken.exists()
    assert [what for what, _ in calls(broken)] == ["inject", "undo"]
    assert ledger.open_entries() == []


def test_the_death_of_both_leaves_it_to_the_watchdog(
    play: Play, broken: Path, ledger: Ledger, watchdog: Child
) -> None:
    child = play()
    wait_for(broken)
    os.killpg(child.pid, signal.SIGKILL)
    watchdog.end()
    assert watchdog.wait(60) == 0
    assert not broken.exists()
    assert ledger.open_entries() == []


def test_without_its_intent_on_disk_nothing_is_broken(
    play: Play, broken: Path, folder: RunFolder
) -> None:
    child = play()
    folder.ledger.unlink()
    folder.ledger.mkdir()
    wait_for(folder.faults)
    child.end()
    assert child.wait(60) == 1
    assert not broken.with_suffix(".log").exists(), "neither broken nor mended"
    assert "not injected" in folder.faults.read_text()


def program(path: str, arguments: str) -> dict[str, Any]:
    provider = {"type": "process", "path": path, "arguments": arguments}
    return {"type": "action", "name": "undo 0: remove it", "provider": provider}


def rolled_back(folder: RunFolder, broken: Path) -> dict[str, Any]:
    """Return the arguments of a rollback that removes a file."""
    rollback = program("rm", "broken")
    place, run = str(broken.parent), str(folder.path)
    return {"rollback": rollback, "place": place, "run": run, "index": 0, "activity": "break it"}


def test_a_rollback_finds_what_was_broken_from_anywhere(
    broken: Path, folder: RunFolder, ledger: Ledger
) -> None:
    welcome(folder)
    broken.touch()
    ledger.intend("activity", "it", UNDO, rolled_back(folder, broken))
    assert undo(ledger) == []
    assert not broken.exists()


def test_a_rollback_that_fails_says_why(broken: Path, folder: RunFolder) -> None:
    welcome(folder)
    with pytest.raises(
        FaultFailed, match=r"activity on break it: exit code 1: .*rm: cannot remove"
    ):
        roll_back(**rolled_back(folder, broken))


def test_a_rollback_without_an_identity_is_not_played(broken: Path, folder: RunFolder) -> None:
    kubeconfig(welcome(folder).private(folder.run)).unlink()
    broken.touch()
    with pytest.raises(FaultFailed, match="activities have no identity on the cluster nowhere"):
        roll_back(**rolled_back(folder, broken))
    assert broken.exists()


@pytest.fixture
def gone(folder: RunFolder) -> ClusterRecord:
    """The cluster of a drill, that was taken down; another of its name stands now."""
    record = welcome(folder)
    other = replace(record, id="another")
    other.write(Path(record.folder) / "cluster.json")
    return record


@pytest.mark.usefixtures("gone")
def test_with_the_cluster_what_was_done_to_it_is_gone(folder: RunFolder) -> None:
    provider = {"type": "python", "module": "chaosk8s.node.actions", "func": "no_such_function"}
    rollback = {"type": "action", "name": "r", "provider": provider}
    roll_back(rollback, "/", str(folder.path), 0, "break it")
    assert "the cluster is gone, and what was done to it" in folder.faults.read_text()


@pytest.mark.usefixtures("gone")
def test_without_the_cluster_a_rollback_is_led_nowhere(broken: Path, folder: RunFolder) -> None:
    arguments = rolled_back(folder, broken)
    script = f"-c 'cp $KUBECONFIG {broken}; echo $HOME >> {broken}'"
    arguments["rollback"]["provider"] |= {"path": "sh", "arguments": script}
    roll_back(**arguments)
    config, home = broken.read_text().rsplit("\n", 2)[:2]
    assert json.loads(config)["clusters"][0]["cluster"]["server"].endswith(".invalid")
    assert home != os.environ["HOME"]


def test_another_cluster_of_that_name_is_not_hit(gone: ClusterRecord, folder: RunFolder) -> None:
    with pytest.raises(FaultFailed, match="the cluster nowhere of this drill stands no more"):
        inject(program("true", ""), None, str(folder.path))


def test_an_identity_stays_while_something_is_to_be_undone_as_it(
    folder: RunFolder, ledger: Ledger, broken: Path
) -> None:
    private = welcome(folder).private(folder.run)
    ledger.intend("identity", "i", guest.UNDO, {"run": str(folder.path)})
    ledger.intend("activity", "a", UNDO, rolled_back(folder, broken))
    assert undo(ledger, ("identity",)) == [
        "i: GuestNeeded: it stays, since activities are still to be undone as it"
    ]
    assert dismiss(str(folder.path))["identity"] == "i"
    broken.touch()
    assert undo(ledger) == []
    assert not private.exists()
