"""The player of faults: edges on the clock, and everything undone however the drill ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from json_lines import read_lines
from plain_faults import calls
from player import SHARED, player

from kubedrill.clock import SECOND
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Schedule

UNTIL = {"type": "python", "module": "kubedrill.faults.play", "func": "until"}
STOP = {"name": "stop", "provider": {"type": "python", "module": "kubedrill.faults.play"}}


def action(name: str, function: str, **arguments: Any) -> dict[str, Any]:
    provider = {"type": "python", "module": "plain_faults", "func": function}
    return {"type": "action", "name": name, "provider": provider | {"arguments": arguments}}


def native(
    index: int, activity: dict[str, Any], rollback: dict[str, Any], run: RunFolder
) -> list[dict[str, Any]]:
    """Return injection and undo of a fault that is an activity, as they are expanded."""
    arguments = {"run": str(run.path), "index": index}
    both = {"activity": activity, "rollback": rollback, **arguments}
    return [
        {
            "type": "action",
            "name": f"{edge} {index}: activity",
            "provider": {"type": "python", "module": "kubedrill.faults.native", "func": edge}
            | {"arguments": given},
        }
        for edge, given in (("inject", both), ("undo", arguments))
    ]


def until(seconds: float) -> dict[str, Any]:
    provider = UNTIL | {"arguments": {"offset_s": seconds}}
    return {"type": "action", "name": f"until {seconds}", "provider": provider, "controls": [STOP]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))  # `nowhere` is to be in no other
    return RunFolder.create(tmp_path, "played")


def offsets(folder: RunFolder, path: Path) -> list[tuple[str, float]]:
    start = Schedule.read(folder.schedule).start
    return [(what, (time - start) / SECOND) for what, time in calls(path)]


def test_edges_keep_to_the_clock_though_injections_take_time(
    folder: RunFolder, tmp_path: Path
) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    mend_a, mend_b = (action("mend", "undo", path=str(path)) for path in (a, b))
    break_a = action("break", "inject", path=str(a), seconds=1.5)
    inject_a, undo_a = native(0, break_a, mend_a, folder)
    inject_b, undo_b = native(1, action("break", "inject", path=str(b)), mend_b, folder)
    method = [until(0.2), inject_a, until(3.0), inject_b, until(4.0), undo_a, until(5.0), undo_b]
    child = player(folder, method, [undo_b, undo_a], faults=2)
    assert child.wait(60) == 0
    edges = [*offsets(folder, a)[:2], *offsets(folder, b)[:2]]
    assert [what for what, _ in edges] == ["inject", "undo"] * 2
    late = [at - due for (_, at), due in zip(edges, (0.2, 4.0, 3.0, 5.0), strict=True)]
    # On a slow machine each has its own delay; the injection's time would be added to all that follow.
    assert all(0 <= late_s < 1.5 for late_s in late), late
    events = [(line["index"], line["event"]) for line in read_lines(folder.faults)]
    assert events[:4] == [(0, "injecting"), (0, "injected"), (0, "took-effect"), (1, "injecting")]
    assert (1, "undone") in events


def test_no_injection_waits_for_imports(folder: RunFolder, tmp_path: Path) -> None:
    """Which take 1 s of a core, on a machine that has one to spare."""
    told = tmp_path / "imported"
    child = player(folder, [until(0), action("tell", "imported", path=str(told))], [])
    assert child.wait(60) == 0
    needed = {"kubedrill.faults.etcd", "kubedrill.faults.zone", "kubedrill.cluster.local.handle"}
    assert needed <= {*told.read_text().split()}


def endless(path: Path) -> tuple[list[Any], list[Any]]:
    undo = action("undo 0: activity", "undo", path=str(path))
    inject = action("inject 0: activity", "inject", path=str(path))
    return [until(0), inject, until(50), undo], [undo]


def wait_for(path: Path, there: bool) -> None:
    deadline = time.monotonic() + 60
    while path.exists() != there:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_end_of_the_lifeline_undoes_at_once(folder: RunFolder, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    child = player(folder, *endless(broken))
    wait_for(broken, True)
    ended = time.monotonic()
    child.end()
    wait_for(broken, False)
    assert time.monotonic() - ended < 20  # of the 50 s that were left
    child.wait(60)
    assert folder.chaos_journal.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_and_hang_up_do_not_reach_the_player(
    number: signal.Signals, folder: RunFolder, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    child = player(folder, *endless(broken))
    wait_for(broken, True)
    os.kill(child.pid, number)
    time.sleep(0.5)
    assert broken.exists()
    assert child.poll() is None
    child.end()
    child.wait(60)


def test_the_death_of_the_runner_undoes(folder: RunFolder, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    method, rollbacks = endless(broken)
    script = (
        "import sys, json, time; sys.path[:0] = sys.argv[1:2]\n"
        "from player import player, RunFolder; from pathlib import Path\n"
        "player(RunFolder(Path(sys.argv[2])), *json.loads(sys.argv[3])); time.sleep(60)\n"
    )
    run = str(folder.path)
    runner = subprocess.Popen(
        [sys.executable, "-c", script, SHARED, run, json.dumps([method, rollbacks])]
    )
    wait_for(broken, True)
    runner.kill()
    runner.wait()
    wait_for(broken, False)


def test_an_injection_that_fails_is_told_and_the_rollbacks_run(
    folder: RunFolder, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    mend, fail = (action(name, name, path=str(broken)) for name in ("undo", "fail"))
    inject, undo = native(0, fail, mend, folder)
    child = player(folder, [until(0), inject, until(0.2)], [undo])
    assert child.wait(60) == 1
    assert [what for what, _ in calls(broken)] == ["undo"]
    [failed] = [line for line in read_lines(folder.faults) if line["event"] == "failed"]
    assert "cannot be broken" in failed["proof"]


def test_a_program_that_fails_has_not_taken_effect_nor_undone(folder: RunFolder) -> None:
    """Chaos Toolkit calls any exit of a program a success."""

    program = {"type": "action", "name": "n", "provider": {"type": "process", "path": "false"}}
    inject, undo = native(0, program, program, folder)
    child = player(folder, [until(0), inject, until(0.2), undo], [undo])
    assert child.wait(60) == 1
    lines = [(line["event"], line["proof"]) for line in read_lines(folder.faults)]
    assert {event for event, _ in lines} == {"injecting", "undoing", "failed"}
    assert {proof for event, proof in lines if event == "failed"} == {"exit code 1: (nothing)"}
    log = (folder.logs / "faults.log").read_text()
    assert "inject 0: activity: failed: " in log
    assert "exit code 1: (nothing)" in log
