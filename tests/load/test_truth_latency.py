"""The percentiles of a drill are those of the server, stalls included: no coordinated omission."""

from collections.abc import Iterator

import numpy as np
import pytest
from latency_server import LatencyServer, delays

from kubedrill.clock import SECOND
from kubedrill.judge.requests import Bounds, due_in, statistic
from kubedrill.record.schedule import Phase

pytestmark = pytest.mark.alone

RATE, SECONDS = 100, 17
STALLS = ((3.0, 6.0), (9.0, 12.0))
"""Seconds after the start; the last one far from the end, as a request takes up to 5 s."""

COUNT = RATE * SECONDS
STATISTICS = ("p50", "p90", "p99", "p99.9")


@pytest.fixture
def server(certificate) -> Iterator[LatencyServer]:
    server = LatencyServer(certificate, delays(COUNT))
    yield server
    server.close()


@pytest.fixture
def records(stage, server):
    def meanwhile(child, start):
        for stall in STALLS:
            server.stall(*(start + round(at * SECOND) for at in stall))

    played = stage.play(rate=RATE, seconds=SECONDS, meanwhile=meanwhile)
    assert played.outcomes() == {200: COUNT}
    phase = Phase("baseline", played.start, played.start + SECONDS * SECOND)
    return np.sort(due_in(played.records(), phase), order="intended")


def truth() -> np.ndarray:
    """Return the latency of each arrival in seconds, were network and client infinitely fast."""
    due = np.arange(COUNT) / RATE
    answered = due + delays(COUNT)
    for start, end in STALLS:
        answered[(answered >= start) & (answered < end)] = end
    return answered - due


def test_percentiles_are_those_of_the_server(records):
    expected = np.sort(truth())
    found = {name: statistic(records, name, SECONDS) for name in STATISTICS}
    # Nearest rank: the smallest value that so many per cent of all are not above.
    ranks = {name: int(np.ceil(float(name[1:]) * COUNT / 100)) for name in STATISTICS}
    assert found == {
        name: Bounds.exact(pytest.approx(expected[rank - 1], rel=0.01))
        for name, rank in ranks.items()
    }
    every = SECOND // RATE
    assert (np.diff(records["intended"]) == every).all()
    due = np.arange(COUNT) * every / SECOND
    latency = records["total_us"] / 1e6
    for start, end in STALLS:
        # All who should have asked in the stall waited for its end; a closed loop would have sent 8.
        within = (due >= start) & (due < end)
        assert within.sum() == RATE * (end - start)
        assert (due + latency)[within].min() > end - 1e-5
    # Two that change places on the way differ by much, but not the half of all.
    assert np.median(np.abs(latency - truth())) < 0.02
