import subprocess
import sys
import time

import pytest

from kubedrill.clock import MILLISECOND, SECOND, ClockPair, now, wall_ahead


def test_one_clock_for_every_process() -> None:
    before = now()
    code = "from kubedrill.clock import now; print(now())"
    other = int(
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    )
    assert before < other < now()


def test_a_pair_shows_monotonic_times_as_dates() -> None:
    pair = ClockPair.read()
    begin, wall, end = now(), time.time_ns(), now()
    # Between its two readings a busy machine may have done something else, as between these.
    assert pair.to_wall(begin) - 250 * MILLISECOND < wall < pair.to_wall(end) + 250 * MILLISECOND
    assert pair.to_wall(pair.monotonic - 3 * SECOND) == pair.wall - 3 * SECOND


def test_a_pair_says_for_which_boot_it_is() -> None:
    assert ClockPair.read().boot_id == ClockPair.read().boot_id
    assert len(ClockPair.read().boot_id) == 36


def test_a_wall_clock_that_nobody_steps_stays_as_far_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    before, real = wall_ahead(), time.time_ns
    assert abs(wall_ahead() - before) < 250 * MILLISECOND
    monkeypatch.setattr(time, "time_ns", lambda: real() + 3600 * SECOND)
    assert abs(wall_ahead() - before - 3600 * SECOND) < 250 * MILLISECOND
