"""Whatever a counter did and whenever it was scraped: what it grew by in a phase lies between the bounds."""

import math
from bisect import bisect_right
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from kubedrill.judge.counting import increases, quantile
from kubedrill.judge.pages import Scrape
from kubedrill.judge.told import around, quantile_bounds, within
from kubedrill.record.schedule import Phase

PHASE = Phase("fault", 1_000, 2_000)
TIMES = st.integers(0, 3_000)
KEY = ("requests_total", ())
BOUNDS = (1.0, 2.0, 5.0, math.inf)


GAPS = st.tuples(st.integers(1, 700), st.integers(0, 60), st.floats(0, 1))
"""From the end of a scrape to the next, how long what is known of its time leaves open, and when it was."""


def scraped(counted: list[int], gaps: list[tuple[int, int, float]]) -> list[Scrape]:
    """Return scrapes of a counter that counted at these times."""
    found, over = list[Scrape](), 0
    for gap, took, share in gaps:
        begun = over + gap
        over = begun + took
        values = {KEY: float(bisect_right(counted, begun + share * took))}
        found.append(Scrape(begun, over, "etcd-i", "", values))
    return found


@given(st.lists(TIMES, max_size=30).map(sorted), st.lists(GAPS, min_size=1, max_size=12))
def test_of_a_counter(counted: list[int], gaps: list[tuple[int, int, float]]) -> None:
    scrapes = scraped(counted, gaps)
    least, most = (
        sum(increases([scrape.values for scrape in chosen(scrapes, PHASE)]).values())
        for chosen in (within, around)
    )
    real = sum(PHASE.holds(time) for time in counted)
    assert least <= real
    is_bounded = scrapes[0].end < PHASE.start and scrapes[-1].time >= PHASE.end
    assert real <= most or not is_bounded


Histogram = dict[float, float]


def cumulative(counts: "Counter[float]") -> Histogram:
    """Return how many observations were up to each bound."""
    return {
        bound: float(sum(counts[known] for known in BOUNDS if known <= bound)) for bound in BOUNDS
    }


OBSERVED = st.lists(st.sampled_from(BOUNDS), max_size=20).map(Counter)


@given(OBSERVED, OBSERVED, OBSERVED, st.sampled_from([0.5, 0.9, 0.99]))
def test_of_a_percentile(
    inside: "Counter[float]", edges: "Counter[float]", beside: "Counter[float]", share: float
) -> None:
    least, real, most = (
        cumulative(counts) for counts in (inside, inside + edges, inside + edges + beside)
    )
    bounds, value = quantile_bounds(least, most, share), quantile(real, share)
    if not inside:
        assert bounds is None
        return
    assert bounds is not None
    assert value is not None
    assert bounds[0] <= value + 1e-9
    assert value <= bounds[1] + 1e-9
