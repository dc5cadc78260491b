"""`kubedrill heal`: what dead drills left is found and undone; what runs is left alone."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from abandoned import abandon
from commanding import kubedrill
from plain_faults import calls
from player import WITH_SHARED

from kubedrill import cluster
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.undo import heal as healing
from kubedrill.undo.heal import Healed, acknowledge, heal
from kubedrill.undo.registry import register, reminder, unregister


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))


def test_a_drill_below_reports_is_healed_once(tmp_path: Path, said: list[str]) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    assert heal(tmp_path / "reports", said.append) == Healed(1, 0)
    assert not (tmp_path / "broken").exists()
    assert Ledger(folder.ledger).open_entries() == []
    assert said == [f"{folder.path}: undone: broken file"]
    assert heal(tmp_path / "reports", said.append) == Healed(0, 0)
    assert len(calls(tmp_path / "broken")) == 1


def test_a_registered_drill_is_found_from_anywhere(tmp_path: Path, said: list[str]) -> None:
    register(abandon(tmp_path / "elsewhere", tmp_path / "broken"))
    assert heal(tmp_path / "reports", said.append) == Healed(1, 0)
    assert not (tmp_path / "broken").exists()
    assert heal(tmp_path / "reports", said.append) == Healed(0, 0)


def test_a_drill_that_is_done_is_not_remembered(tmp_path: Path, said: list[str]) -> None:
    folder = abandon(tmp_path / "elsewhere", tmp_path / "broken")
    register(folder)
    unregister(folder)
    assert heal(tmp_path / "reports", said.append) == Healed(0, 0)
    assert (tmp_path / "broken").exists()


def test_a_drill_that_was_killed_when_it_was_just_remembered_has_left_nothing(
    tmp_path: Path, said: list[str]
) -> None:
    folder = RunFolder.create(tmp_path / "reports", "e")
    Ledger(folder.ledger).begin()
    register(folder)
    assert heal(tmp_path / "nowhere", said.append) == Healed(0, 0)
    assert said == []
    assert reminder() is None


def test_a_drill_that_runs_is_left_alone(tmp_path: Path, said: list[str]) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    with cluster.lock("nowhere"):
        assert heal(tmp_path / "reports", said.append) == Healed(0, 1)
    assert (tmp_path / "broken").exists()
    assert said[0].startswith(f"{folder.path}: left alone: ")
    assert heal(tmp_path / "reports", said.append) == Healed(1, 0)


def test_an_undo_that_fails_is_said_and_tried_again(tmp_path: Path, said: list[str]) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    undo = ("plain_faults", "fail")
    Ledger(folder.ledger).intend("fault", "stubborn", undo, {"path": "it"})
    assert heal(tmp_path / "reports", said.append) == Healed(0, 1)
    assert said == [
        f"{folder.path}: not undone: stubborn: RuntimeError: it cannot be broken",
        f"  if that can never be undone: kubedrill heal --acknowledge {folder.path}",
    ]
    assert not (tmp_path / "broken").exists(), "one that fails must not stop the others"
    assert [entry.name for entry in Ledger(folder.ledger).open_entries()] == ["stubborn"]


def test_a_run_folder_that_was_deleted_is_forgotten(tmp_path: Path, said: list[str]) -> None:
    folder = abandon(tmp_path / "elsewhere", tmp_path / "broken")
    register(folder)
    folder.path.rename(tmp_path / "moved")
    assert heal(tmp_path / "reports", said.append) == Healed(0, 0)
    assert said == []


def test_the_lock_is_the_one_of_the_drills_own_state_folder(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = abandon(tmp_path / "reports", tmp_path / "own")
    used = abandon(tmp_path / "reports", tmp_path / "used")
    undo, arguments = cluster.undo_entry("nowhere")
    Ledger(own.ledger).intend("cluster", "nowhere", undo, arguments)
    with cluster.lock("nowhere"):
        monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "another"))
        assert heal(tmp_path / "reports", said.append) == Healed(0, 2)
    assert heal(tmp_path / "reports", said.append) == Healed(2, 0)
    assert not (tmp_path / "used").exists()
    assert Ledger(used.ledger).open_entries() == []


def test_one_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path, said: list[str]) -> None:
    unreadable = abandon(tmp_path / "reports", tmp_path / "first")
    healed = abandon(tmp_path / "reports", tmp_path / "second")
    assert unreadable.path < healed.path
    unreadable.ledger.unlink()
    unreadable.ledger.mkdir()
    assert heal(tmp_path / "reports", said.append) == Healed(1, 1)
    assert said[0].startswith(f"{unreadable.path}: cannot be healed: IsADirectoryError")
    assert not (tmp_path / "second").exists()


@pytest.mark.parametrize("garbled", ["no text", "a folder"])
def test_what_is_remembered_and_cannot_be_read_is_said(
    tmp_path: Path, said: list[str], garbled: str
) -> None:
    register(RunFolder(tmp_path / "forgotten"))
    [entry] = (tmp_path / "state" / "runs").iterdir()
    entry.write_bytes(b"\xff\xfe")
    if garbled == "a folder":
        entry.unlink()
        entry.mkdir()
    abandon(tmp_path / "reports", tmp_path / "broken")
    assert heal(tmp_path / "reports", said.append) == Healed(1, 1)
    assert said[-1].startswith(f"{entry}: cannot be read, so nobody knows of which run it tells")
    assert not (tmp_path / "broken").exists()


def test_one_that_is_out_of_reach_is_not_forgotten(tmp_path: Path, said: list[str]) -> None:
    far = RunFolder(tmp_path / ("far" * 100))  # a name that no file can have
    register(far)
    for _ in range(2):
        assert heal(tmp_path / "reports", said.append) == Healed(0, 1)
    assert said[0].startswith(f"{far.path}: cannot be healed: OSError")


def test_a_newer_cluster_of_the_same_name_is_left_alone(tmp_path: Path, said: list[str]) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    undo, arguments = cluster.undo_entry("nowhere")
    Ledger(folder.ledger).intend("cluster", "nowhere", undo, arguments)
    newer = cluster.cluster_folder("nowhere")
    newer.mkdir(parents=True)
    (newer / "id").write_text("newer")
    assert heal(tmp_path / "reports", said.append) == Healed(1, 0)
    assert newer.exists()
    (newer / "id").write_text(arguments["cluster_id"])
    cluster.down(**arguments)
    assert not newer.exists()


def test_a_cluster_that_lost_its_supervisor_is_named_with_what_to_do(
    tmp_path: Path, said: list[str]
) -> None:
    """As after a power cut: the folder stands, and nobody listens on the socket in it."""
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    record = ClusterRecord.read(folder.cluster)
    Path(record.folder).mkdir(parents=True)
    record.write(Path(record.folder) / "cluster.json")
    undo = ("kubedrill.faults.etcd", "restore")
    kill = Ledger(folder.ledger).intend(
        "fault", "etcd.kill", undo, {"run": str(folder.path), "index": 0}
    )
    Ledger(folder.ledger).learn(kill, {"zones": ["a"], "pids": {"etcd-a": 1}})
    assert heal(tmp_path / "reports", said.append) == Healed(1, 0)
    lost = (
        "cluster nowhere has lost its supervisor (a reboot?); "
        "to clear it away: kubedrill cluster down nowhere"
    )
    assert said == [
        f"{folder.path}: undone: etcd.kill, broken file",
        f"{folder.path}: {lost}",
    ]


@pytest.mark.parametrize(("undo", "code"), [("undo", 0), ("fail", 1)])
def test_the_exit_code_says_whether_something_is_left(tmp_path: Path, undo: str, code: int) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    arguments = {"path": str(tmp_path / "other")}
    Ledger(folder.ledger).intend("fault", "other", ("plain_faults", undo), arguments)
    healing = start_heal(tmp_path / "reports")
    healing.communicate(timeout=60)
    assert healing.returncode == code


def test_what_can_never_be_undone_is_acknowledged_and_said_once(
    tmp_path: Path, said: list[str]
) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    register(folder)
    Ledger(folder.ledger).intend("activity", "lost", ("no_such_module", "undo"), {})
    acknowledge(folder.path, said.append)
    assert not (tmp_path / "broken").exists(), "what can be undone is"
    lost = "lost: ModuleNotFoundError: No module named 'no_such_module'"
    assert said[0] == f"{folder.path}: stays behind: {lost}"
    [entry] = [entry for entry in Ledger(folder.ledger).entries() if entry.stays]
    assert (entry.name, entry.stays) == ("lost", lost)
    assert reminder() is None
    assert heal(tmp_path / "reports", said.append) == Healed(0, 0)


def test_access_goes_when_that_for_which_it_was_kept_is_acknowledged(
    tmp_path: Path, said: list[str]
) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    ledger = Ledger(folder.ledger)
    arguments = {"name": "nowhere", "state": str(cluster.state_folder())}
    access = ledger.intend("access", "nowhere", ("kubedrill.cluster", "down"), arguments)
    ledger.intend("fault", "lost", ("no_such_module", "undo"), {})
    assert heal(tmp_path / "reports", said.append) == Healed(0, 1)
    assert access in {entry.id for entry in ledger.open_entries()}, "who tries again needs it"
    acknowledge(folder.path, said.append)
    assert [entry.name for entry in ledger.entries() if entry.stays] == ["lost"]
    assert [entry.id for entry in ledger.entries() if entry.undone][-1] == access


@pytest.mark.parametrize("ruin", ["a folder", "not lines", "no cluster"])
def test_a_run_that_can_never_be_healed_is_acknowledged(
    tmp_path: Path, said: list[str], ruin: str
) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    Ledger(folder.ledger).intend("activity", "lost", ("no_such_module", "undo"), {})
    register(folder)
    if ruin == "a folder":
        folder.ledger.unlink()
        folder.ledger.mkdir()
    elif ruin == "not lines":
        folder.ledger.write_text('{"state": "undone", "id": "of nothing"}\n')
    else:
        folder.cluster.unlink()
    assert heal(tmp_path / "reports", said.append) == Healed(0, 1)
    assert said[-1].endswith(f"kubedrill heal --acknowledge {folder.path}")
    acknowledge(folder.path, said.append)
    assert [entry.name for entry in Ledger(folder.ledger).entries() if entry.stays]
    assert heal(tmp_path / "reports", said.append) == Healed(0, 0)


def test_a_drill_that_runs_cannot_be_acknowledged(tmp_path: Path, said: list[str]) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    with cluster.lock("nowhere"), pytest.raises(NotStarted, match="another drill is using"):
        acknowledge(folder.path, said.append)
    with pytest.raises(NotStarted, match="not the folder of a run"):
        acknowledge(tmp_path, said.append)
    assert Ledger(folder.ledger).open_entries()


@contextmanager
def guarded(
    folder: RunFolder, tmp_path: Path, seconds: float
) -> Iterator["subprocess.Popen[bytes]"]:
    """Yield the runner, here a shell, of a drill whose watchdog has the lock, and so long to undo."""
    slow = {"path": str(tmp_path / "slow"), "seconds": seconds}
    Ledger(folder.ledger).intend("fault", "slow", ("plain_faults", "undo"), slow)
    lock = cluster.lock("nowhere")
    watchdog = (
        f"{sys.executable} -m kubedrill.undo.watchdog --run {folder.path} --lock-fd {lock.fileno()}"
    )
    runner = subprocess.Popen(
        ["bash", "-c", f"sleep 1000 | {watchdog} --runner $$; true"],
        pass_fds=[lock.fileno()],
        start_new_session=True,
        env={**os.environ, **WITH_SHARED},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    lock.close()
    try:
        wait_for_watchdog(str(folder.path))
        yield runner
    finally:
        with suppress(ProcessLookupError):
            os.killpg(runner.pid, signal.SIGKILL)


def end_runner(runner: "subprocess.Popen[bytes]") -> None:
    runner.kill()
    runner.wait()
    end_of(runner.pid, "sleep")


def test_heal_waits_for_the_drills_own_watchdog(tmp_path: Path, said: list[str]) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    with guarded(folder, tmp_path, seconds=2) as runner:
        assert heal(tmp_path / "reports", said.append) == Healed(0, 1)
        assert said == [f"{folder.path}: left alone: it still runs"]
        end_runner(runner)
        assert heal(tmp_path / "reports", said.append) == Healed(1, 0)
        assert said[1:] == [
            f"{folder.path}: its watchdog is at work; waiting for its end",
            f"{folder.path}: undone by its watchdog",
        ]


def test_a_watchdog_that_does_not_end_is_named_and_no_other_drill_is(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    monkeypatch.setattr(healing, "longest_s", lambda _: 0.5)
    with guarded(folder, tmp_path, seconds=60) as runner:
        end_runner(runner)
        assert heal(tmp_path / "reports", said.append) == Healed(0, 1)
        words = rf"its watchdog \(pid \d+\) is still at work after 0\.5 s; see {folder.logs}/watchdog\.log"
        assert re.fullmatch(rf"{folder.path}: left alone: {words}", said[-1]), said


def wait_for_watchdog(path: str) -> None:
    """Wait until the watchdog of that run is there."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        lines = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
        if any(
            "kubedrill.undo.watchdog" in line and path in line and "-c" not in line
            for line in lines
        ):
            return
        time.sleep(0.05)
    raise AssertionError("no watchdog came")


def end_of(session: int, name: str) -> None:
    """End the process of that name in a session: the other end of the watchdog's lifeline."""
    for process in psutil.process_iter(["name"]):
        with suppress(ProcessLookupError):  # others of that name end meanwhile
            if process.info["name"] == name and os.getsid(process.pid) == session:
                process.kill()


def test_the_next_command_of_any_kind_reminds_of_a_fault_left_in_force(tmp_path: Path) -> None:
    folder = abandon(tmp_path / "elsewhere", tmp_path / "broken")
    register(folder)
    line = f"{folder.path}: its drill is dead, and not undone: broken file; run: kubedrill heal\n"

    def said(*arguments: str) -> tuple[str, str]:
        done = kubedrill(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr

    for command in (["faults", "--json"], ["cluster", "status"], ["schema", "verdict"]):
        stdout, stderr = said(*command)
        assert (stderr, line in stdout) == (line, False)
    assert said("--version")[1] == ""
    with cluster.lock("nowhere"):
        assert said("faults")[1] == "", "its drill runs"
    heal(tmp_path / "reports", lambda _: None)
    assert said("faults")[1] == ""


def start_heal(reports: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "kubedrill", "heal", "--reports", str(reports)],
        env={**os.environ, **WITH_SHARED},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_ctrl_c_says_that_something_may_be_left(tmp_path: Path) -> None:
    folder = abandon(tmp_path / "reports", tmp_path / "broken")
    slow = {"path": str(tmp_path / "slow"), "seconds": 60}
    Ledger(folder.ledger).intend("fault", "slow", ("plain_faults", "inject"), slow)
    healing = start_heal(tmp_path / "reports")
    deadline = time.monotonic() + 60
    while not (tmp_path / "slow.log").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    healing.send_signal(signal.SIGINT)
    assert healing.communicate(timeout=60)[1] == "interrupted: something may be left; do it again\n"
    assert healing.returncode == 1
