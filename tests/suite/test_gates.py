"""Gates: each closed for what it says, waited for, and open again; what they look at is real."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from judged_drill import JudgedDrill
from past_runs import spent, write_past
from synthetic_report import SETTINGS

from kubedrill.judge import judge
from kubedrill.judge.budget import BUDGET_S
from kubedrill.record.folder import RunFolder
from kubedrill.record.limits import DAYS, Window
from kubedrill.record.verdict import Report
from kubedrill.signals import Interrupted, Signals
from kubedrill.suite import gates as stage
from kubedrill.suite.budget import overspent
from kubedrill.suite.gates import Gatekeeper
from kubedrill.suite.read import WantedDrill, read_suite
from kubedrill.suite.schema import BudgetGate, GatesPart

Write = Callable[[str], Path]
NOW = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def wanted(write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> WantedDrill:
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(stage, "LOOK_S", 0.05)
    return read_suite(write("title: t\ndrills: [experiment: first]\n")).drills[0]


def closed(drill: WantedDrill, reports: Path, **gates: Any) -> tuple[tuple[str, ...], list[str]]:
    said: list[str] = []
    keeper = Gatekeeper(reports, Signals(), said.append)
    return keeper.closed(replace(drill, gates=GatesPart(**gates))), said


def test_a_cluster_that_the_drill_brings_up_is_no_reason_to_wait(
    wanted: WantedDrill, tmp_path: Path
) -> None:
    assert closed(wanted, tmp_path) == ((), [])


def test_a_command_lets_a_drill_begin_by_its_exit_code(wanted: WantedDrill, tmp_path: Path) -> None:
    assert closed(wanted, tmp_path, commands={"release": ("true",)})[0] == ()
    refused = {"release": ("sh", "-c", "echo 2.4 is on its way; exit 3"), "other": ("nix-no",)}
    found, said = closed(wanted, tmp_path, commands=refused)
    assert found == (
        "release: sh ended with status 3: 2.4 is on its way",
        "other: nix-no cannot be run: No such file or directory",
    )
    assert said == [], "nobody waits unless the file says so"


def test_a_gate_that_opens_in_time_is_waited_for(wanted: WantedDrill, tmp_path: Path) -> None:
    file = tmp_path / "over"
    threading.Timer(0.5, file.touch).start()
    commands = {"release": ("test", "-e", str(file))}
    found, said = closed(wanted, tmp_path, commands=commands, wait=60.0)
    assert found == ()
    assert said == ["first waits, 60 s at most: release: test ended with status 1"], "said once"


def test_a_gate_that_does_not_open_in_time_is_said(wanted: WantedDrill, tmp_path: Path) -> None:
    begin = time.monotonic()
    found, _ = closed(wanted, tmp_path, commands={"release": ("false",)}, wait=0.3)
    assert found == ("release: false ended with status 1",)
    assert time.monotonic() - begin >= 0.3


def test_a_signal_ends_the_wait(wanted: WantedDrill, tmp_path: Path) -> None:
    signals = Signals()
    drill = replace(wanted, gates=GatesPart(commands={"release": ("false",)}, wait=600.0))
    keeper = Gatekeeper(tmp_path, signals, lambda _: setattr(signals, "received", "SIGTERM"))
    with pytest.raises(Interrupted, match="SIGTERM"):
        keeper.closed(drill)


def test_a_window_is_open_on_its_days_alone(wanted: WantedDrill, tmp_path: Path) -> None:
    today = DAYS[datetime.now(UTC).weekday()]
    tomorrow = DAYS[(datetime.now(UTC) + timedelta(days=2)).weekday()]
    assert closed(wanted, tmp_path, windows=(Window(days=(today,)),))[0] == ()
    ran = tmp_path / "ran"
    found, _ = closed(
        wanted,
        tmp_path,
        windows=(Window(days=(tomorrow,)),),
        commands={"no": ("touch", str(ran))},
    )
    assert len(found) == 1
    assert found[0].endswith(f"drills begin only: {tomorrow} 00:00-24:00 UTC")
    assert not ran.exists(), "no command is run where another gate is closed"


def written(
    reports: Path, experiment: str, at: str, share: float, cluster: str = "here"
) -> RunFolder:
    """Write a drill that has spent so much of a month's budget."""
    budget = [
        spent("fault", name, share * BUDGET_S) for name in ("failed probes", "longest outage")
    ]
    settings = SETTINGS | {"cluster": {"name": cluster}}
    began = datetime.fromisoformat(at).replace(tzinfo=UTC)
    return write_past(reports, experiment, began, budget=budget, settings=settings)


def test_what_is_spent_is_added_up_over_its_time_and_cluster(tmp_path: Path) -> None:
    written(tmp_path, "kill", "2026-01-31T12:00:00", 0.2)
    written(tmp_path, "kill", "2026-01-10T12:00:00", 0.2)
    written(tmp_path, "kill", "2025-12-01T12:00:00", 5.0)
    written(tmp_path, "lists", "2026-01-31T13:00:00", 5.0, cluster="there")
    pair = RunFolder.create_empty(tmp_path, "pair", datetime(2026, 1, 31, 14, tzinfo=UTC))
    (pair.path / "variants.json").touch()
    written(pair.path, "arm", "2026-01-31T14:00:01", 0.1)
    assert overspent(BudgetGate(most=0.51), "here", tmp_path, NOW) == ""
    said = overspent(BudgetGate(most=0.49), "here", tmp_path, NOW)
    assert said == "budget: 3 drills on here have spent 50.0 % (failed probes); 49.0 % may be"
    assert overspent(BudgetGate(most=0.31, over=86400.0), "here", tmp_path, NOW) == ""


def no_verdict(folder: RunFolder) -> None:
    folder.verdict.write_text("{}")


def of_other_evidence(folder: RunFolder) -> None:
    told = {"manifest": "0" * 64}
    Report.read(folder.verdict).model_copy(update=told).write(folder.verdict)


@pytest.mark.parametrize("spoil", [no_verdict, of_other_evidence])
def test_a_verdict_that_nobody_can_believe_keeps_the_gate_closed(tmp_path: Path, spoil) -> None:
    folder = written(tmp_path, "kill", "2026-01-31T12:00:00", 0.1)
    spoil(folder)
    said = overspent(BudgetGate(most=1.0), "here", tmp_path, NOW)
    assert said.startswith(f"budget: {folder.path}: ")
    assert said.endswith("; nobody knows what its drill has spent")


def test_a_drill_that_goes_on_has_no_verdict_yet(tmp_path: Path) -> None:
    written(tmp_path, "kill", "2026-01-31T12:00:00", 0.1).verdict.unlink()
    assert overspent(BudgetGate(most=0.0), "here", tmp_path, NOW) == ""


def test_no_drill_has_spent_nothing(tmp_path: Path) -> None:
    assert overspent(BudgetGate(most=0.0), "here", tmp_path / "none", NOW) == ""


def test_a_real_verdict_is_read(tmp_path: Path) -> None:
    drill = JudgedDrill()
    drill.fail(12.0, 16.0, path="balancer", connection="fresh")
    folder = drill.write(tmp_path)
    report = judge(folder)
    report.write(folder.verdict)
    assert Report.read(folder.verdict).budget
    assert overspent(BudgetGate(most=0.0), "local-3az", tmp_path, NOW).startswith("budget: 1 drill")
