"""What undoes a drill: nothing that goes wrong in it passes for done."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubedrill.process.identity import start_of
from kubedrill.record.ledger import Ledger
from kubedrill.undo import clearing

KILL = ("kubedrill.process.child", "kill_process")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.jsonl")


@pytest.fixture
def faults(ledger: Ledger) -> Iterator["subprocess.Popen[bytes]"]:
    """A faults process that takes a second to end after it is told to."""
    script = "import sys, time; sys.stdin.read(); time.sleep(1)"
    command = [sys.executable, "-c", script]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    started = start_of(process.pid)
    ledger.intend("process", "faults", KILL, {"pid": process.pid, "started": started})
    yield process
    process.kill()
    process.communicate()


def test_the_faults_process_may_end_by_itself(
    ledger: Ledger, faults: "subprocess.Popen[bytes]"
) -> None:
    assert faults.stdin
    faults.stdin.close()
    assert clearing.undo_all(ledger) == []
    assert faults.wait(0) == 0


def test_one_that_does_not_end_is_killed(
    ledger: Ledger, faults: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearing, "ENDING_S", 0.5)
    assert clearing.undo_all(ledger) == []
    assert faults.wait(60) == -9


def test_what_is_killed_with_its_cluster_is_not_waited_for(
    ledger: Ledger, faults: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearing, "ENDING_S", 60.0)
    ledger.intend("cluster", "none", ("os", "getpid"), {})
    begun = time.monotonic()
    assert clearing.undo_all(ledger) == []
    assert time.monotonic() - begun < 30
    assert faults.wait(60) == -9


def test_an_activity_is_undone_though_the_cluster_goes(ledger: Ledger, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.touch()
    ledger.intend("cluster", "none", ("os", "getpid"), {})
    ledger.intend("fault", "in it", ("no.such", "module"), {})
    ledger.intend("activity", "elsewhere", ("os", "unlink"), {"path": str(broken)})
    assert clearing.undo_all(ledger) == []
    assert not broken.exists()
    assert ledger.open_entries() == []


def test_a_rollback_that_takes_long_keeps_no_fault_from_being_undone(
    ledger: Ledger, tmp_path: Path
) -> None:
    held = tmp_path / "held"
    held.touch()
    ledger.intend("fault", "held", ("plain_faults", "undo"), {"path": str(held)})
    waits = ("plain_faults", "wait_until_gone")
    ledger.intend("activity", "waits", waits, {"path": str(held)}, limit_s=60)
    assert clearing.undo_all(ledger) == []
    assert ledger.open_entries() == []


def test_a_rollback_that_hangs_keeps_no_other_from_its_turn(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has a time of its own, and they are played one after the other."""
    monkeypatch.setattr(clearing, "MOMENT_S", 0.1)
    monkeypatch.setattr(clearing, "KEPT", (clearing.Step(("activity",), 0.0),))
    older, never = tmp_path / "older", tmp_path / "never"
    for path in (older, never):
        path.touch()
    ledger.intend("activity", "older", ("plain_faults", "undo"), {"path": str(older)}, limit_s=60)
    for name in ("hangs", "hangs too"):
        waits = ("plain_faults", "wait_until_gone")
        ledger.intend("activity", name, waits, {"path": str(never)}, limit_s=0.4)
    assert clearing.undo_all(ledger) == [
        "hangs too: not undone within 0.5 s",
        "hangs: not undone within 0.5 s",
    ]
    assert not older.exists()
    assert [entry.name for entry in ledger.open_entries()] == ["hangs too", "hangs"]
    never.unlink()


def test_all_of_it_fits_into_15_s() -> None:
    """The time until a drill that was killed has left nothing, were every part of it to hang."""
    for steps in (clearing.KEPT, clearing.DOOMED):
        limits = [
            step.limit_s
            for step in steps
            if not {"identity", "fleet", "seed", "access"} & {*step.kinds}
        ]
        assert clearing.ENDING_S + sum(limits) <= 15


def test_a_ledger_that_can_no_longer_be_written_is_a_failure(ledger: Ledger) -> None:
    ledger.intend("fault", "mends", ("os", "getpid"), {})
    ledger.intend("process", "ruins", ("plain_faults", "ruin"), {"path": str(ledger.path)})
    said = [failure.partition(": [")[0] for failure in clearing.undo_all(ledger)]
    assert said[:1] == ["ruins: IsADirectoryError"], "it is not noted as undone"
    assert "activity and fault: IsADirectoryError" in said, (
        "nobody knows what else there was to undo"
    )


def test_who_has_promised_nothing_waits_for_what_is_slow(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearing, "KEPT", (clearing.Step(("fault",), 0.2),))
    broken = tmp_path / "broken"
    broken.touch()
    ledger.intend("fault", "slow", ("plain_faults", "undo"), {"path": str(broken), "seconds": 1.0})
    assert clearing.undo_all(ledger) == ["slow: not undone within 0.2 s"]
    assert clearing.undo_all(ledger, at_least_s=60) == []
    assert not broken.exists()
    assert ledger.open_entries() == []


def test_access_to_a_cluster_stays_as_long_as_anything_in_it_is_broken(
    ledger: Ledger, tmp_path: Path
) -> None:
    access = tmp_path / "access"
    access.touch()
    ledger.intend("access", "staging", ("os", "unlink"), {"path": str(access)})
    ledger.intend("fault", "broken", ("os", "rmdir"), {"path": str(tmp_path / "not yet")})
    [failure] = clearing.undo_all(ledger)
    assert "broken" in failure
    assert access.exists()
    (tmp_path / "not yet").mkdir()
    assert clearing.undo_all(ledger) == []
    assert not access.exists()
