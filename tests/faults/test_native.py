"""Activities of other extensions stand in the ledger, and are undone whoever dies."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from plain_faults import calls
from player import WITH_SHARED, player

from kubedrill.catalogue import assemble
from kubedrill.experiment.expand import expand
from kubedrill.experiment.settled import Experiment, Fault, PhaseLength, Seed
from kubedrill.faults.native import roll_back
from kubedrill.faults.progress import FaultFailed
from kubedrill.process.child import Child
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger, undo

KILL = ("kubedrill.process.child", "kill_process")

Play = Callable[..., Child]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
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
        }
        experiment = Experiment(
            title="t",
            why="w",
            claim=None,
            cluster="c",
            seed=Seed(),
            phases=(PhaseLength("fault", 60),),
            faults=(Fault("activity", arguments, "fault", 0.0, 60.0),),
        )
        chaos = expand(experiment, assemble(), str(folder.path))
        child = player(folder, chaos["method"], chaos["rollbacks"])
        children.append(child)
        ledger.intend("process", "faults", KILL, {"pid": child.pid, "started": child.started})
        return child

    yield start
    for child in children:
        child.kill()


@pytest.fixture
def watchdog(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Child]:
    monkeypatch.setenv("KUBEDRILL_STATE", str(folder.path))
    command = [sys.executable, "-m", "kubedrill.watchdog", "--run", str(folder.path)]
    log = folder.logs / "watchdog.log"
    child = Child.start("watchdog", [*command, "--lock-fd", "0"], log, WITH_SHARED)
    child.wait_ready(30)
    yield child
    child.kill()


def action(name: str, function: str, **arguments: Any) -> dict[str, Any]:
    provider = {"type": "python", "module": "plain_faults", "func": function}
    return {"type": "action", "name": name, "provider": provider | {"arguments": arguments}}


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 15
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def open_names(ledger: Ledger) -> list[str]:
    return [entry.name for entry in ledger.open_entries() if entry.what == "activity"]


def test_an_activity_is_in_the_ledger_until_its_rollback(
    play: Play, broken: Path, ledger: Ledger
) -> None:
    child = play()
    wait_for(broken)
    assert open_names(ledger) == ["inject 0: break"]
    [entry] = [one for one in ledger.open_entries() if one.what == "activity"]
    assert entry.deadline is not None
    child.end()
    assert child.wait(15) == 0
    assert not broken.exists()
    assert open_names(ledger) == []


def test_the_death_of_the_runner_leaves_the_undo_to_the_faults_process(
    play: Play, broken: Path, ledger: Ledger, watchdog: Child
) -> None:
    child = play(undo_seconds=1.5)
    wait_for(broken)
    for one in (watchdog, child):  # what a runner that is killed leaves behind: two ends of file
        one.end()
    assert child.wait(15) == 0, "it was not killed in the midst of it"
    assert watchdog.wait(15) == 0
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
    assert watchdog.wait(15) == 0
    assert not broken.exists()
    assert ledger.open_entries() == []


def test_without_its_intent_on_disk_nothing_is_broken(
    play: Play, broken: Path, folder: RunFolder
) -> None:
    child = play()
    folder.ledger.unlink()
    folder.ledger.mkdir()
    assert child.wait(15) is not None
    assert [what for what, _ in calls(broken)] == ["undo"]


def program(path: str, arguments: str) -> dict[str, Any]:
    provider = {"type": "process", "path": path, "arguments": arguments}
    return {"type": "action", "name": "undo 0: remove it", "provider": provider}


def test_a_rollback_finds_what_was_broken_from_anywhere(broken: Path, ledger: Ledger) -> None:
    broken.touch()
    arguments = {"rollback": program("rm", "broken"), "place": str(broken.parent)}
    ledger.intend("activity", "it", ("kubedrill.faults.native", "roll_back"), arguments)
    assert undo(ledger) == []
    assert not broken.exists()


def test_a_rollback_that_fails_says_why(broken: Path) -> None:
    with pytest.raises(FaultFailed, match=r"remove it: exit code 1: .*rm: cannot remove"):
        roll_back(program("rm", "broken"), str(broken.parent))
