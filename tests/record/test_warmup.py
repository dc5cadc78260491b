"""When a load is steady, and what says so in a file."""

import pytest

from kubedrill.record.warmup import Steadiness, Warmup, read_steadiness

STEADY = Steadiness("p50", 0.1, 3, 60.0)


def test_it_is_read() -> None:
    assert read_steadiness("p50  within 10% over 3 windows of 60s") == STEADY
    assert read_steadiness("p99 within 100% over 2 windows of 1m30s").window_s == 90.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("p50", "does not say when it is steady; write: p50 within 10% over 3 windows of 60s"),
        ("p42 within 10% over 3 windows of 60s", "does not say when it is steady"),
        ("p50 within 0% over 3 windows of 60s", "within 0%: more than 0%"),
        ("p50 within 10 over 3 windows of 60s", "10"),
        ("p50 within 10% over 1 windows of 60s", "over 2 windows at least"),
        ("p50 within 10% over 3 windows of 60", "60"),
        ("p50 within 10% over 3 windows of 100ms", "windows of 100ms: from 1s to 10m"),
    ],
)
def test_what_says_nothing_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_steadiness(text)


def test_there_must_be_time_for_the_windows() -> None:
    with pytest.raises(ValueError, match="at_most 100s: 3 windows take 180s"):
        Warmup(until_steady="p50 within 10% over 3 windows of 60s", at_most="100s")


@pytest.mark.parametrize(
    ("windows", "steady"),
    [
        ([1.0, 1.05, 1.1], True),
        ([1.0, 1.05, 1.11], False),
        ([9.0, 1.0, 1.0, 1.0], True),
        ([1.0, 1.0], False),
        ([1.0, None, 1.0], False),
        ([], False),
    ],
)
def test_only_the_last_windows_count(windows: list[float | None], steady: bool) -> None:
    measured = [{"list": value, "other": 2.0} for value in windows]
    assert STEADY.holds(measured) is steady
    assert not STEADY.holds([{**window, "other": n} for n, window in enumerate(measured, 1)])


def test_it_is_written_as_it_was_read() -> None:
    warmup = Warmup(until_steady="p50 within 10% over 3 windows of 60s", at_most="5m")
    assert Warmup.of(warmup.scheduled()) == warmup
