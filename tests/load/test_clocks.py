"""What round trips say of another machine's clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubedrill.clock import SECOND

with pytest.MonkeyPatch.context() as patch:
    # Locust patches a process that imports it, and this one runs other tests, too.
    patch.setenv("LOCUST_SKIP_MONKEY_PATCH", "1")
    from kubedrill.load.user.remote.clocks import WINDOW, ClockComparison, RoundTrip

TIMES = st.integers(0, SECOND // 10)


@given(offset=st.integers(-(10**15), 10**15), there=TIMES, back=TIMES)
def test_the_offset_is_known_as_well_as_it_says(offset: int, there: int, back: int) -> None:
    sent = 10**15
    trip = RoundTrip.of(sent, sent + there + offset, sent + there + back)
    assert abs(trip.offset - offset) <= trip.uncertainty + 1


def compared(drift_ns_a_second: float, seconds: int) -> ClockComparison:
    """Round trips of 1 to 20 ms, one a second, with a clock that runs too fast by so much."""
    clocks = ClockComparison()
    for number in range(20):
        clocks.add(number, 5 * SECOND + number + 500_000, number + 1_000_000)
    clocks.begin(0)
    for second in range(seconds):
        sent, way = second * SECOND, SECOND // 1000 * (1 + second % 10)
        there = 5 * SECOND + sent + way + round(drift_ns_a_second * second)
        clocks.add(sent, there, sent + 2 * way)
    return clocks


def test_a_steady_clock_does_not_drift() -> None:
    clocks = compared(0, 60)
    assert clocks.first == RoundTrip(5 * SECOND, 500_000)
    assert clocks.drift == 0


def test_a_fast_clock_does() -> None:
    # 1 ms a second for a minute; the last window that is over ends ten seconds before.
    drift = compared(1_000_000, 60).drift
    assert 38_000_000 < drift <= 60_000_000
    assert WINDOW == 10 * SECOND
