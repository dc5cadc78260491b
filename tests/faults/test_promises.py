"""docs/faults.md: who undoes what within how long is true, also of a fault that takes its time."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from judged_drill import KILL

from kubedrill.clock import SECOND, ClockPair, now
from kubedrill.faults import lifecycle, progress
from kubedrill.faults.catalogue import faults
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.schedule import Phase, Schedule
from kubedrill.undo import clearing, heal

PAGE = " ".join((Path(__file__).parents[2] / "docs" / "faults.md").read_text("utf-8").split())
KILLING = faults()["etcd.kill"]


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        (r"unless the fault took the quorum; within (\d+) s", KILLING.effect_s),
        (r"raft entries behind the leader; within (\d+) s", KILLING.return_s),
        (r"how long its undo may take \((\d+) s for `etcd\.kill`\)", KILLING.return_s),
        (r"gives it (\d+) s for that", clearing.ENDING_S),
        (r"what that may take, at least (\d+) s", progress.GRACE / SECOND),
        (r"it ends (\d+) s after the watchdog", lifecycle.LEASE_GRACE / SECOND),
        (r"at most, and (\d+) s to say why", clearing.MOMENT_S),
    ],
)
def test_the_page_says_what_is_so(words: str, seconds: float) -> None:
    [said] = re.findall(words, PAGE)
    assert float(said) == seconds


def test_each_fault_has_its_place_in_the_first_table_and_no_other_stands_there() -> None:
    [table] = re.findall(r"\| fault \| lasts \| what it does \|(.*?) ## ", PAGE)
    names = re.findall(r"`([a-z-]+\.[a-z_]+)`", table)
    assert sorted(names) == sorted(faults())


ARGUMENTS = {argument for kind in faults().values() for argument in kind.model_fields}


@pytest.mark.parametrize("argument", sorted(ARGUMENTS))
def test_each_argument_of_a_fault_is_explained_in_a_table(argument: str) -> None:
    assert f"| `{argument}`" in PAGE


def test_heal_gives_each_kind_a_minute() -> None:
    assert "It gives each kind of leftover a minute." in PAGE
    assert heal.PATIENCE_S == 60


@pytest.mark.parametrize(
    "slowest_s", [*{kind.return_s for kind in faults().values() if kind.return_s}, 300.0]
)
def test_whoever_undoes_the_slowest_fault_has_the_time_for_it(
    tmp_path: Path, slowest_s: float
) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.intend("fault", "quick", ("os", "getpid"), {}, limit_s=1.0)
    ledger.intend("fault", "slow", ("os", "getpid"), {}, limit_s=slowest_s)
    others = sum(step.limit_s for step in clearing.KEPT if "fault" not in step.kinds)
    told_s = clearing.ENDING_S + others + slowest_s + clearing.MOMENT_S
    assert clearing.longest_s(ledger) == told_s


@pytest.mark.parametrize(("undo_s", "grace_s"), [(0.0, 30.0), (30.0, 30.0), (300.0, 300.0)])
def test_a_fault_has_not_outlived_its_time_as_long_as_its_undo_may_take(
    tmp_path: Path, undo_s: float, grace_s: float
) -> None:
    folder = RunFolder.create(tmp_path, "x")
    begin = now()
    kill = replace(KILL, inject=begin, undo=begin + 10 * SECOND)
    phases = (Phase("fault", begin, kill.undo),)
    schedule = Schedule("x", "r", "t", "w", None, "c", ClockPair.read(), phases, faults=(kill,))
    schedule.write(folder.schedule)
    assert progress.deadline(folder, 0, undo_s) == kill.undo + grace_s * SECOND
