"""A part of `make regressions`: real runs, and 40 that were recorded, compared again and again.

`recorded.jsonl` has 40 runs of 10 s of each server, as `make regressions SECONDS=10` kept them.
"""

from pathlib import Path

import pytest
from regressions.playing import LEVELS, ShortRun, rounds
from regressions.trying import NORMAL, false_alarms, of_level, read, tries

from kubedrill.regression.deciding import FEWEST
from kubedrill.regression.verdict import Shift

RECORDED = Path(__file__).parent / "recorded.jsonl"
ALIKE = 400
"""Comparisons of like with like; `make regressions ANSWERS=tests/regression/recorded.jsonl` makes 1,000."""


@pytest.fixture(scope="module")
def recorded() -> list[ShortRun]:
    runs = read(RECORDED)
    assert {len(of_level(runs, level)) for level in LEVELS} == {40}
    return runs


def test_runs_that_are_alike_alarm_at_most_once_in_twenty(recorded: list[ShortRun]) -> None:
    found = tries(recorded, NORMAL, ALIKE)
    assert sum(found.values()) == ALIKE
    assert false_alarms(found) <= ALIKE / 20, found


@pytest.mark.parametrize("level", ["20 % slower", "twice as slow"])
def test_what_is_slower_is_found_each_time(recorded: list[ShortRun], level: str) -> None:
    assert tries(recorded, level, 20) == {Shift.WORSE: 20}


def test_five_per_cent_are_no_alarm(recorded: list[ShortRun]) -> None:
    found = tries(recorded, "5 % slower", 20)
    assert found[Shift.BETTER] == 0, found
    assert found[Shift.SAME] + found[Shift.NOT_ENOUGH] >= 15, found


def test_few_runs_never_say_that_nothing_differs(recorded: list[ShortRun]) -> None:
    few = FEWEST - 1
    assert tries(recorded, NORMAL, 20, each=few) == {Shift.NOT_ENOUGH: 20}


@pytest.mark.alone
def test_real_runs_of_a_server_that_is_twice_as_slow(tmp_path: Path) -> None:
    levels = (NORMAL, "twice as slow")
    runs = [*rounds(tmp_path, range(FEWEST), 2.0, levels)]
    assert tries(runs, levels[1], 1, each=FEWEST) == {Shift.WORSE: 1}, runs
