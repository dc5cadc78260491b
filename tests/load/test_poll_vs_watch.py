"""Pollers against a server of known behaviour: when they ask."""

from collections.abc import Iterator

import numpy as np
import pytest
from behaving_server import Certificate
from load_stage import until
from watch_server import WatchServer

from kubedrill.clock import SECOND
from kubedrill.record.sample import Outcome

POLL = {"mode": "poll", "clients": 16, "objects": 2}


@pytest.fixture
def server(certificate: Certificate) -> Iterator[WatchServer]:
    server = WatchServer(certificate)
    yield server
    server.close()


def test_jittered_pollers_have_all_asked_within_one_interval(stage, server):
    played = stage.of("poll_vs_watch").play(2, 3, interval_s=1.5, **POLL)
    assert played.status == 0, played.log
    polls = played.records("write.list")
    first = polls["intended"].min()
    moments = np.sort((polls["intended"] - first)[polls["intended"] < first + 3 * SECOND // 2])
    assert (
        14 <= len(moments) <= 16
    )  # the first of them came a little after the interval's beginning
    assert len(np.unique(moments // (SECOND // 10))) > 5  # spread
    assert set(polls["outcome"].tolist()) <= {200, Outcome.CUT}


def test_synchronised_pollers_ask_at_one_moment(stage, server):
    played = stage.of("poll_vs_watch").play(2, 3, interval_s=1.0, timing="synchronised", **POLL)
    moments, counts = np.unique(played.records("write.list")["intended"], return_counts=True)
    assert (moments % SECOND == 0).all()
    assert set(counts[1:-1].tolist()) == {16}
    assert {query["resourceVersion"] for query in server.queries("GET", False)} == {"0"}


def test_what_is_not_seen_by_pollers_has_failed(stage, server):
    def meanwhile(_, start: int) -> None:
        until(start + SECOND)
        server.mute = True

    given = {"mode": "poll", "clients": 2, "objects": 2, "interval_s": 0.5, "timeout_s": 1.0}
    played = stage.of("poll_vs_watch").play(10, 3.8, meanwhile, **given)
    assert played.status == 0, played.log
    lists = played.records("write.list")
    # Every one that was due is there, those among it that had to wait for the one before.
    for moments in np.split(np.sort(lists["intended"]), [1])[1:]:
        assert len(moments) >= 2 * 7 - 2
    assert set(played.outcomes("write.list")) == {200, Outcome.TIMEOUT, Outcome.CUT}
    seen = played.outcomes("write.seen")
    assert seen[Outcome.TIMEOUT] >= 2 * 15
    assert seen[Outcome.CUT] >= 2 * 5
