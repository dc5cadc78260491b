import threading
from collections.abc import Iterator
from itertools import pairwise

from kubedrill.clock import SECOND, ClockPair, now
from kubedrill.observe.ticks import in_time, ticks, wait_until
from kubedrill.record.schedule import Phase, Schedule


def _schedule(*edges: float) -> Schedule:
    phases = tuple(
        Phase(f"phase-{n}", int(start * SECOND), int(end * SECOND))
        for n, (start, end) in enumerate(pairwise(edges))
    )
    return Schedule("e", "r", "", "", None, "c", ClockPair(0, 0, ""), phases)


def test_each_phase_begins_and_ends_with_a_tick() -> None:
    assert [tick / SECOND for tick in ticks(_schedule(100, 107, 110), 5)] == [
        100, 105, 107, 110,
    ]  # fmt: skip


def test_offset_moves_all_alike() -> None:
    offset = SECOND // 4
    assert [tick / SECOND for tick in ticks(_schedule(100, 102, 103), 1, offset)] == [
        100.25, 101.25, 102.25, 103.25,
    ]  # fmt: skip


def test_what_has_long_passed_is_left_out_and_nothing_comes_once_it_has_ended() -> None:
    ended, begun = threading.Event(), now()
    came = []

    def times() -> Iterator[int]:
        for after in (-60 * SECOND, 0, SECOND // 50, 600 * SECOND):
            yield now() + after

    for due in in_time(times(), ended):
        assert now() >= due
        came.append(due)
        if len(came) == 2:
            ended.set()
    assert len(came) == 2
    assert begun <= came[0] < came[1]
    assert now() - begun < 300 * SECOND


def test_waiting_ends_when_told() -> None:
    ended = threading.Event()
    assert wait_until(now() + SECOND // 50, ended)
    assert wait_until(now() - SECOND, ended)
    ended.set()
    begun = now()
    assert not wait_until(now() + 60 * SECOND, ended)
    assert now() - begun < 30 * SECOND
